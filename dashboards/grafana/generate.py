"""Writes boards and alert rules as JSON: `make docs`. Needs grafana-foundation-sdk, a tool of developers."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.grafana.agents_board import AGENTS
from dashboards.grafana.alerts import rule_group
from dashboards.grafana.models_board import MODELS
from dashboards.grafana.panels import Board, Panel, Query
from dashboards.grafana.runs_board import RUNS
from dashboards.prometheus.scraping import RULES

BOARDS = (RUNS, MODELS, AGENTS)

FOLDER = Path(__file__).parent / "boards"

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
RAY = "/d/rayDefaultDashboard"

HEIGHTS = {"stat": 4}
HEIGHT = 8
COLUMNS = 24

Json = dict[str, Any]


def board(told: Board) -> Json:
    """The JSON that Grafana loads."""
    built = (
        dashboard.Dashboard(told.title)
        .uid(told.uid)
        .tags(["mnemosyne"])
        .time("now-1h", "now")
        .refresh("10s")
        .timezone("browser")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_job())
        .annotation(_restarts())
    )
    for other in (one for one in BOARDS if one.uid != told.uid):
        built = built.link(_link(other.title, f"/d/{other.uid}"))
    built = built.link(_link("Ray", RAY))
    encoded: Json = json.loads(JSONEncoder(sort_keys=True).encode(built.build()))
    encoded["panels"] = list(_laid_out(told))
    return encoded


def _job() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("job")
        .label("Job")
        .datasource(SOURCE)
        .query("label_values(mnemosyne_build_info, job)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _restarts() -> dashboard.AnnotationQuery:
    expr = 'sum by (role) (increase(mnemosyne_agent_restarts_total{job=~"$job"}[$__interval])) > 0'
    told = dashboard.AnnotationQuery().name("Restarts").datasource(SOURCE).enable(True).icon_color("orange")
    return told.expr(expr).step("15s").title_format("restart: {{role}}")


def _link(title: str, url: str) -> dashboard.DashboardLink:
    kind = models.DashboardLinkType.LINK
    return dashboard.DashboardLink(title).type(kind).url(url).include_vars(True).keep_time(True)


def _laid_out(told: Board) -> Iterator[Json]:
    """Rows and panels from left to right, top to bottom, with ids that stay as long as their order."""
    top, id_ = 0, 1
    for name, panels in told.rows:
        yield {
            "type": "row",
            "title": name,
            "id": 100 + id_,
            "collapsed": False,
            "panels": [],
            "gridPos": _at(0, top, 24, 1),
        }
        top, left, deepest = top + 1, 0, 0
        for panel in panels:
            height = HEIGHTS.get(panel.kind, HEIGHT)
            if left + panel.width > COLUMNS:
                top, left, deepest = top + deepest, 0, 0
            yield {**_panel(panel), "id": id_, "gridPos": _at(left, top, panel.width, height)}
            left, deepest, id_ = left + panel.width, max(deepest, height), id_ + 1
        top += deepest


def _at(x: int, y: int, w: int, h: int) -> Json:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(told: Panel) -> Json:
    builders: Mapping[str, Callable[[Panel], Any]] = {
        "stat": _stat,
        "timeseries": _series,
        "stack": _stack,
        "timeline": _timeline,
        "table": _table,
    }
    built = builders[told.kind](told).title(told.title).description(told.description).datasource(SOURCE).unit(told.unit)
    for letter, query in zip("ABCDEFGH", told.queries, strict=False):
        built = built.with_target(_target(query, letter, told.kind))
    encoded: Json = json.loads(JSONEncoder(sort_keys=True).encode(built.build()))
    return encoded


def _stat(told: Panel) -> stat.Panel:
    built = (
        stat.Panel()
        .graph_mode(common.BigValueGraphMode.AREA)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_steps("text", told))
    )
    return built.decimals(0) if told.unit == "short" else built


def _timeline(told: Panel) -> statetimeline.Panel:
    color = dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
    return statetimeline.Panel().color_scheme(color).thresholds(_steps("green", told))


def _steps(calm: str, told: Panel) -> dashboard.ThresholdsConfig:
    """Always told: Grafana's own turn red at 80, whatever is counted."""
    steps = [models.Threshold(None, calm), *(models.Threshold(step.value, step.color) for step in told.steps)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _series(_told: Panel) -> timeseries.Panel:
    legend = shared.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST)
    tooltip = shared.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    return timeseries.Panel().legend(legend.placement(common.LegendPlacement.BOTTOM)).tooltip(tooltip)


def _stack(told: Panel) -> timeseries.Panel:
    stacking = shared.StackingConfig().mode(common.StackingMode.NORMAL)
    return _series(told).fill_opacity(20).stacking(stacking).min(0)


def _table(told: Panel) -> table.Panel:
    """One row for each set of labels. The value of a query without a legend is not shown."""
    legends = {f"Value #{letter}": query.legend for letter, query in zip("ABCDEFGH", told.queries, strict=False)}
    left_out = ["Time", *(name for name, legend in legends.items() if not legend)]
    options = {
        "excludeByName": dict.fromkeys(left_out, True),
        "renameByName": {name: legend for name, legend in legends.items() if legend},
    }
    built = (
        table.Panel()
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=options))
    )
    for column, unit in told.units:
        fields = [models.DynamicConfigValue("unit", unit), models.DynamicConfigValue("decimals", 2)]
        built = built.override_by_name(column, fields)
    return built.decimals(0)


def _target(query: Query, letter: str, kind: str) -> prometheus.Dataquery:
    built = prometheus.Dataquery().datasource(SOURCE).expr(query.expr).ref_id(letter)
    if kind == "table":
        return built.instant().format(PromQueryFormat.TABLE)
    return built.range().legend_format(query.legend)


def text(of: Any) -> str:
    """As it is committed."""
    return json.dumps(of, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def files() -> dict[Path, str]:
    """Everything that is generated, by its file."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    made = {FOLDER / f"{told.uid}.json": text(board(told)) for told in BOARDS}
    return made | {FOLDER.parent / "alerts.json": text(rule_group(rules))}


if __name__ == "__main__":
    for path, body in files().items():
        path.write_text(body, encoding="utf-8")
