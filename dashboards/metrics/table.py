"""Every metric: the registry, docs/metrics.md, the rules' and the boards' tests are made from this table."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from actors.stores.commits import BOUNDS_S

Kind = Literal["counter", "gauge", "histogram"]

DURATION_BUCKETS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
"""Seconds of an attempt or a tool: those of the GenAI conventions, wider apart, and up to where items time out."""

TOKEN_BUCKETS: Final = (16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0)
"""Tokens: every second one of the GenAI conventions, from 4^2 to 4^10."""

RUN_BUCKETS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 86400.0)
"""Seconds of a run: those of the GenAI conventions for a workflow, and a day."""


class Metric(NamedTuple):
    """One metric. `labels`: name to the kind of values in labels.py."""

    name: str
    kind: Kind
    help: str
    unit: str
    labels: Mapping[str, str] = {}
    buckets: tuple[float, ...] = ()


def _counter(name: str, help_: str, unit: str = "1", **labels: str) -> Metric:
    return Metric(f"mnemosyne_{name}_total", "counter", help_, unit, labels)


def _gauge(name: str, help_: str, unit: str = "1", **labels: str) -> Metric:
    return Metric(f"mnemosyne_{name}", "gauge", help_, unit, labels)


COUNTED: Final = (
    Metric(
        "gen_ai_invoke_agent_duration_seconds",
        "histogram",
        "Work of an attempt that ended with a result, or with the failure in error_type; without its waits.",
        "s",
        {"gen_ai_request_model": "model", "gen_ai_provider_name": "provider", "error_type": "error_type"},
        DURATION_BUCKETS,
    ),
    Metric(
        "gen_ai_client_token_usage",
        "histogram",
        "Billable tokens of a turn of a model, calls that were tried again included; those from a cache are input.",
        "{token}",
        {"gen_ai_request_model": "model", "gen_ai_provider_name": "provider", "gen_ai_token_type": "gen_ai_token_type"},
        TOKEN_BUCKETS,
    ),
    Metric(
        "gen_ai_execute_tool_duration_seconds",
        "histogram",
        "A call of a tool, failed ones included.",
        "s",
        {"gen_ai_tool_name": "tool"},
        DURATION_BUCKETS,
    ),
    Metric(
        "gen_ai_workflow_duration_seconds",
        "histogram",
        "A run from its acceptance to its end, waits and pauses included.",
        "s",
        {"status": "end_status"},
        RUN_BUCKETS,
    ),
    _counter("runs_accepted", "Plans that were taken on."),
    _counter("runs_finished", "Runs of which every item has its terminal state.", status="end_status"),
    _counter("run_pauses", "Pauses of runs.", reason="pause"),
    _counter("run_waits", "Times that a run had no agent or no model for what it had to do."),
    _counter("run_takeovers", "Drivers that went on with a run that another one had begun."),
    _counter("items_accepted", "Items of accepted plans, and those that runs grew by."),
    _counter("items_finished", "Items that have their terminal state.", state="end_state"),
    _counter("items_reused", "Items that are complete with a result that an earlier run paid for."),
    _counter("attempts", "Attempts that were assigned.", role="role"),
    _counter("attempts_closed", "Attempts that ended.", role="role", outcome="outcome"),
    _counter("retries", "Attempts after one that failed so, or was lost.", reason="reason"),
    _counter("failures", "Attempts that failed.", model="model", reason="failure"),
    _counter("model_calls", "Calls of models, with those that failed.", model="model"),
    _counter("model_call_retries", "Calls that were made again within their attempt.", model="model"),
    _counter("wait_seconds", "Waiting of attempts: permits, an API's pace, back-off.", "s", model="model", wait="wait"),
    _counter("tokens", "Tokens by how they are billed.", "{token}", model="model", kind="token_kind"),
    _counter("cost_usd", "What calls cost, estimates included.", "USD", model="model"),
    _counter("cost_estimated_usd", "The part of it that is an upper bound for lost calls.", "USD", model="model"),
    _counter("unpriced_attempts", "Attempts that used something whose price nobody told.", model="model"),
    _counter("rate_limit_refusals", "Calls that the API refused for their pace: 429 or 529.", model="model"),
    _counter("model_holds", "Times that the governor began to hold calls.", model="model", by="limit"),
    _counter("model_hold_seconds", "Time in which the governor held calls.", "s", model="model"),
    _counter("model_outages", "Times that nobody got an answer of a model.", model="model"),
    _counter("agent_starts", "Processes of agents that came up.", role="role"),
    _counter("agent_restarts", "Ends of agents' processes that others follow.", role="role", cause="cause"),
    _counter("agent_faults", "Agent faults that the health monitor counted.", role="role"),
    _counter("agent_degradations", "Times that an agent had so many faults that people should know.", role="role"),
    _counter("agents_given_up", "Agents that were restarted too often.", role="role"),
    _counter("journal_events", "Rows of the journal.", type="event"),
    _counter("store_appends", "Appends that wrote something; several may share a commit."),
)
"""Folded from the journal: they go on where they were whatever is restarted, and when old runs are pruned."""

PRESENT: Final = (
    _gauge("build_info", "1; `build` is the version of the sources.", build="build"),
    _gauge("fleet_up", "Whether a process writes the store: a fleet or an embedded run."),
    _gauge("runs", "Runs that are not finished.", state="run_state"),
    _gauge("runs_undriven", "Runs that are neither finished nor paused, and that no process drives."),
    _gauge("items", "Items of runs that are not finished.", state="item_state"),
    _gauge(
        "queue_oldest_timestamp_seconds",
        "Since when the oldest item of a running run is ready, if any is.",
        "s",
    ),
    _gauge("agents", "Agents of the newest fleet.", role="role", state="agent_state"),
    _gauge("agents_unhealthy", "Agents that are given up, unavailable or full of faults.", role="role"),
    _gauge("model_waiting_calls", "Calls that the governor holds.", model="model"),
    _gauge("model_in_flight_calls", "Calls under way to a model that is held.", model="model"),
    _gauge(
        "model_headroom_ratio",
        "The share left of what holds a model.",
        "ratio",
        model="model",
        by="limit",
    ),
    _gauge("model_unavailable", "1 while nobody gets an answer from the model.", model="model"),
    _gauge("budget_left_usd", "What the budgets of unfinished runs have left, if any has one.", "USD"),
    _gauge(
        "budget_left_ratio",
        "The smallest share left of one of them.",
        "ratio",
    ),
    _gauge("journal_seq", "Number of the last row."),
    _gauge("journal_last_event_timestamp_seconds", "When the last row was written.", "s"),
    Metric(
        "mnemosyne_store_commit_duration_seconds",
        "histogram",
        "A commit of the store, from its begin until it is on disk; one holds all appends that came during the last.",
        "s",
        buckets=BOUNDS_S,
    ),
    _gauge("store_bytes", "The store's file and its write-ahead log.", "By"),
    _gauge("store_free_bytes", "What its disk has left.", "By"),
)
"""As of the scrape. Where there is nothing to tell, there is no series."""

METRICS: Final = COUNTED + PRESENT
