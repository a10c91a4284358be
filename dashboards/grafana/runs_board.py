"""Runs: what is to be done, what was done, and the store."""

from typing import Final

from dashboards.grafana.panels import ANY_IS_BAD, Board, J, Panel, Query, R, now, quantiles, rate, rise

RUNS: Final = Board(
    "mnemosyne-runs",
    "Mnemosyne / Runs",
    [
        (
            "Now",
            [
                Panel(
                    "Unfinished runs",
                    "Runs that go on, wait or are paused.",
                    "stat",
                    "short",
                    [now("mnemosyne_runs", "state")],
                    8,
                ),
                Panel(
                    "Items to do",
                    "Waiting, ready and active items.",
                    "stat",
                    "short",
                    [now("mnemosyne_items", more=', state=~"waiting|ready|active"')],
                    5,
                ),
                Panel(
                    "Oldest ready item",
                    "How long the oldest item has been ready. Empty: none is.",
                    "stat",
                    "s",
                    [Query(f"time() - min(mnemosyne_queue_oldest_timestamp_seconds{{{J}}})")],
                    6,
                    quiet=True,
                ),
                Panel(
                    "Runs without a driver",
                    "Unfinished, not paused, and nobody drives them: mnemosyne resume --all.",
                    "stat",
                    "short",
                    [now("mnemosyne_runs_undriven")],
                    5,
                    steps=ANY_IS_BAD,
                ),
            ],
        ),
        (
            "Work",
            [
                Panel(
                    "Items by state",
                    "Items of unfinished runs.",
                    "stack",
                    "short",
                    [now("mnemosyne_items", "state")],
                    12,
                ),
                Panel(
                    "Items that ended",
                    "By the state they ended in.",
                    "stack",
                    "short",
                    [rise("mnemosyne_items_finished_total", "state")],
                    12,
                ),
                Panel(
                    "Attempts that ended",
                    "With a result, a failure, to go on later, or lost with their agent.",
                    "stack",
                    "short",
                    [rise("mnemosyne_attempts_closed_total", "outcome")],
                    12,
                ),
                Panel(
                    "Retries",
                    "Attempts after one that failed so, or was lost.",
                    "stack",
                    "short",
                    [rise("mnemosyne_retries_total", "reason")],
                    12,
                ),
                Panel(
                    "Pauses",
                    "By reason. budget, quota and credentials need a person.",
                    "stack",
                    "short",
                    [rise("mnemosyne_run_pauses_total", "reason")],
                    6,
                ),
                Panel(
                    "Runs",
                    "Accepted, finished, waiting for an agent or a model, taken over by another driver.",
                    "timeseries",
                    "short",
                    [
                        Query(f"sum(increase(mnemosyne_runs_accepted_total{{{J}}}{R}))", "accepted"),
                        Query(f"sum(increase(mnemosyne_runs_finished_total{{{J}}}{R}))", "finished"),
                        Query(f"sum(increase(mnemosyne_run_waits_total{{{J}}}{R}))", "waiting"),
                        Query(f"sum(increase(mnemosyne_run_takeovers_total{{{J}}}{R}))", "taken over"),
                    ],
                    6,
                ),
                Panel(
                    "How long runs take",
                    "From acceptance to the end, of those that ended.",
                    "timeseries",
                    "s",
                    quantiles("gen_ai_workflow_duration_seconds"),
                    6,
                ),
                Panel(
                    "Items accepted and reused",
                    "Reused ones cost nothing: an earlier run paid for them.",
                    "timeseries",
                    "short",
                    [
                        Query(f"sum(increase(mnemosyne_items_accepted_total{{{J}}}{R}))", "accepted"),
                        Query(f"sum(increase(mnemosyne_items_reused_total{{{J}}}{R}))", "reused"),
                    ],
                    6,
                ),
            ],
        ),
        (
            "Store",
            [
                Panel("Journal", "Rows by type.", "stack", "ops", [rate("mnemosyne_journal_events_total", "type")], 12),
                Panel(
                    "Store",
                    "Its file with the write-ahead log, and what its disk has left.",
                    "timeseries",
                    "bytes",
                    [
                        Query(f"sum(mnemosyne_store_bytes{{{J}}})", "used"),
                        Query(f"min(mnemosyne_store_free_bytes{{{J}}})", "free"),
                    ],
                    6,
                ),
                Panel(
                    "Appends",
                    "That wrote something, and the last row's number.",
                    "timeseries",
                    "ops",
                    [Query(f"sum(rate(mnemosyne_store_appends_total{{{J}}}{R}))", "appends")],
                    6,
                ),
            ],
        ),
    ],
)
