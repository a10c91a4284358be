"""For every alert a history in which it fires and one in which it does not, in promtool's notation."""

from typing import NamedTuple

J = 'job="mnemosyne"'


class Case(NamedTuple):
    """`fires` and `silent`: series to values, a minute each; the alert is looked at after `minutes`."""

    fires: dict[str, str]
    silent: dict[str, str]
    labels: dict[str, str]
    """Of the alert that fires, without severity."""
    minutes: int = 30


def _series(name: str, **labels: str) -> str:
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{J}{',' if told else ''}{told}}}"


def _attempts(bad: int, good: int, model: str = "m", minutes: int = 90) -> dict[str, str]:
    name = "gen_ai_invoke_agent_duration_seconds_count"
    return {
        _series(name, gen_ai_request_model=model, error_type="timeout"): f"0+{bad}x{minutes}",
        _series(name, gen_ai_request_model=model): f"0+{good}x{minutes}",
    }


def _closed(bad: int, good: int) -> dict[str, str]:
    name = "mnemosyne_attempts_closed_total"
    return {_series(name, outcome="failure"): f"0+{bad}x120", _series(name, outcome="result"): f"0+{good}x120"}


def _slow(seconds: int) -> dict[str, str]:
    name, below = "gen_ai_invoke_agent_duration_seconds_bucket", 0 if seconds > 160 else 60
    model = {"gen_ai_request_model": "m"}
    return {
        _series(name, le="160.0", **model): f"0+{below}x60",
        _series(name, le="640.0", **model): "0+60x60",
        _series(name, le="+Inf", **model): "0+60x60",
    }


def _held(value: str) -> dict[str, str]:
    return {_series("mnemosyne_model_waiting_calls", model="m"): value}


def _rises(name: str, at: int, **labels: str) -> dict[str, str]:
    """One more in the minute before `at`."""
    return {_series(name, **labels): f"0x{at - 1} 1x60"}


def _todo(running: int, closed: int) -> dict[str, str]:
    return {
        _series("mnemosyne_items", state="ready"): "7x90",
        _series("mnemosyne_runs", state="running"): f"{running}x90",
        _series("mnemosyne_attempts_closed_total", outcome="result"): f"0+{closed}x90",
    }


def _money(left: int) -> dict[str, str]:
    return {
        _series("mnemosyne_cost_usd_total", model="m"): "0+1x120",
        _series("mnemosyne_budget_left_usd"): f"{left}x120",
    }


BY_JOB = {"job": "mnemosyne"}
BY_MODEL = {**BY_JOB, "model": "m"}
BY_NAME = {**BY_JOB, "gen_ai_request_model": "m"}
EXPORTER = {**BY_JOB, "instance": "page"}

CASES = {
    "MnemosyneExporterDown": Case(
        {_series("up", instance="page"): "0x60"}, {_series("up", instance="page"): "1x60"}, EXPORTER
    ),
    "MnemosyneMetricsAbsent": Case({}, {_series("mnemosyne_build_info", build="b"): "1x60"}, {}),
    "MnemosyneNoProgress": Case(_todo(1, 0), _todo(1, 1), BY_JOB),
    "MnemosyneErrorBudgetBurnFast": Case(_closed(30, 30), _closed(3, 57), BY_JOB, 90),
    "MnemosyneModelErrorRatioHigh": Case(_attempts(15, 45), _attempts(3, 57), BY_NAME),
    "MnemosyneModelLatencyHigh": Case(_slow(400), _slow(100), BY_NAME),
    "MnemosyneModelUnavailable": Case(
        {_series("mnemosyne_model_unavailable", model="m"): "1x60"},
        {_series("mnemosyne_model_unavailable", model="m"): "1x27 0x33"},
        BY_MODEL,
    ),
    "MnemosyneRateLimited": Case(
        {_series("mnemosyne_rate_limit_refusals_total", model="m"): "0+30x60"},
        {_series("mnemosyne_rate_limit_refusals_total", model="m"): "0+1x60"},
        BY_MODEL,
    ),
    "MnemosyneCallsHeld": Case(_held("3x60"), _held("3x5 0 3x5 0 3x5 0 3x5 0 3x5 0 3x5"), BY_MODEL, 35),
    "MnemosyneRateLimitHeadroomLow": Case(
        {_series("mnemosyne_model_headroom_ratio", model="m", by="requests"): "0.03125x60"},
        {_series("mnemosyne_model_headroom_ratio", model="m", by="requests"): "0.5x60"},
        {**BY_MODEL, "by": "requests"},
    ),
    "MnemosyneQueueGrowing": Case(
        {_series("mnemosyne_items", state="ready"): "100+100x60"},
        {_series("mnemosyne_items", state="ready"): "9000-100x60"},
        BY_JOB,
    ),
    "MnemosyneOldestItemStale": Case(
        {_series("mnemosyne_queue_oldest_timestamp_seconds"): "1x60"},
        {_series("mnemosyne_queue_oldest_timestamp_seconds"): "0+60x60"},
        BY_JOB,
    ),
    "MnemosyneRunUndriven": Case(
        {_series("mnemosyne_runs_undriven"): "1x60"}, {_series("mnemosyne_runs_undriven"): "1x26 0 1x30"}, BY_JOB
    ),
    "MnemosyneRunPaused": Case(
        _rises("mnemosyne_run_pauses_total", 28, reason="budget"),
        _rises("mnemosyne_run_pauses_total", 28, reason="request"),
        {**BY_JOB, "reason": "budget"},
    ),
    "MnemosyneItemsQuarantined": Case(
        _rises("mnemosyne_items_finished_total", 28, state="quarantined"),
        _rises("mnemosyne_items_finished_total", 28, state="failed"),
        BY_JOB,
    ),
    "MnemosyneAgentCrashLooping": Case(
        {_series("mnemosyne_agent_restarts_total", role="executor", cause="crash"): "0+1x60"},
        {_series("mnemosyne_agent_restarts_total", role="executor", cause="request"): "0+1x60"},
        {**BY_JOB, "role": "executor"},
    ),
    "MnemosyneAgentFailed": Case(
        {
            _series("mnemosyne_agents", role="reviewer", state="failed"): "1x60",
            _series("mnemosyne_fleet_up"): "1x60",
        },
        {
            _series("mnemosyne_agents", role="reviewer", state="failed"): "1x60",
            _series("mnemosyne_fleet_up"): "0x60",
        },
        {**BY_JOB, "role": "reviewer"},
    ),
    "MnemosyneBudgetNearlySpent": Case(
        {_series("mnemosyne_budget_left_ratio"): "0.0625x60"},
        {_series("mnemosyne_budget_left_ratio"): "0.5x60"},
        BY_JOB,
    ),
    "MnemosyneBudgetExhaustsSoon": Case(_money(30), _money(3000), BY_JOB, 100),
    "MnemosyneDiskLow": Case(
        {_series("mnemosyne_store_free_bytes"): "1e8x60"}, {_series("mnemosyne_store_free_bytes"): "1e10x60"}, BY_JOB
    ),
    "MnemosyneLabelCardinalityHigh": Case(
        {_series("scrape_samples_post_metric_relabeling", instance="page"): "20000x60"},
        {_series("scrape_samples_post_metric_relabeling", instance="page"): "900x60"},
        EXPORTER,
    ),
}
