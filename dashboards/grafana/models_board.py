"""Models: money, answers, limits."""

from typing import Final

from dashboards.grafana.panels import ANY_IS_BAD, Board, J, Panel, Query, R, Step, now, quantiles, rate, ratio, rise
from dashboards.metrics.labels import OTHER

PROMPT = ', kind=~"input|cache_read|cache_write"'
KNOWN = f', model!="{OTHER}"'
ATTEMPTS = "gen_ai_invoke_agent_duration_seconds_count"
TOOLS = "gen_ai_execute_tool_duration_seconds_bucket"

MODELS: Final = Board(
    "mnemosyne-models",
    "Mnemosyne / Models, cost and limits",
    [
        (
            "Money",
            [
                Panel(
                    "Spent",
                    "In the range shown, estimates included.",
                    "stat",
                    "currencyUSD",
                    [Query(f"sum(increase(mnemosyne_cost_usd_total{{{J}}}[$__range]))")],
                    6,
                ),
                Panel(
                    "Spending per hour",
                    "At the present rate.",
                    "stat",
                    "currencyUSD",
                    [Query(f"sum(rate(mnemosyne_cost_usd_total{{{J}}}{R})) * 3600")],
                    6,
                ),
                Panel(
                    "Budgets: left",
                    "Of all unfinished runs that have one in dollars.",
                    "stat",
                    "currencyUSD",
                    [now("mnemosyne_budget_left_usd")],
                    6,
                    quiet=True,
                ),
                Panel(
                    "Budgets: smallest share",
                    "Of the budget that is nearest to its end.",
                    "stat",
                    "percentunit",
                    [now("mnemosyne_budget_left_ratio", fold="min")],
                    6,
                    quiet=True,
                    steps=[Step(0, "red"), Step(0.1, "orange"), Step(0.25, "text")],
                ),
                Panel(
                    "Cost by model",
                    "Per hour. Estimates are upper bounds for calls that were lost.",
                    "stack",
                    "currencyUSD",
                    [
                        Query(f"sum by (model) (rate(mnemosyne_cost_usd_total{{{J}{KNOWN}}}{R})) * 3600", "{{model}}"),
                        Query(f"sum(rate(mnemosyne_cost_estimated_usd_total{{{J}}}{R})) * 3600", "of it estimated"),
                    ],
                ),
                Panel(
                    "Tokens",
                    "Per second, as they are billed.",
                    "stack",
                    "short",
                    [rate("mnemosyne_tokens_total", "kind")],
                ),
                Panel(
                    "Read from the cache",
                    "Share of the prompts' tokens.",
                    "timeseries",
                    "percentunit",
                    [
                        Query(
                            ratio("model", "mnemosyne_tokens_total", ', kind="cache_read"', PROMPT),
                            "{{model}}",
                        ),
                    ],
                ),
            ],
        ),
        (
            "Answers",
            [
                Panel(
                    "Work of attempts",
                    "Without waits.",
                    "timeseries",
                    "s",
                    quantiles("gen_ai_invoke_agent_duration_seconds"),
                    6,
                ),
                Panel(
                    "Attempts that fail",
                    "Share by model.",
                    "timeseries",
                    "percentunit",
                    [
                        Query(
                            ratio(
                                "gen_ai_request_model", "gen_ai_invoke_agent_duration_seconds_count", ', error_type!=""'
                            ),
                            "{{gen_ai_request_model}}",
                        ),
                    ],
                    6,
                ),
                Panel(
                    "Failures",
                    "Attempts by what they failed of.",
                    "stack",
                    "short",
                    [rise("mnemosyne_failures_total", "reason")],
                    6,
                ),
                Panel(
                    "Calls",
                    "Per second, and those made again within their attempt.",
                    "timeseries",
                    "reqps",
                    [
                        Query(f"sum by (model) (rate(mnemosyne_model_calls_total{{{J}{KNOWN}}}{R}))", "{{model}}"),
                        Query(f"sum(rate(mnemosyne_model_call_retries_total{{{J}}}{R}))", "made again"),
                    ],
                    6,
                ),
                Panel(
                    "Models",
                    "In the range shown.",
                    "table",
                    "short",
                    [
                        Query(f"sum by (model) (increase(mnemosyne_cost_usd_total{{{J}{KNOWN}}}[$__range]))", "Cost"),
                        Query(f"sum by (model) (increase(mnemosyne_tokens_total{{{J}{KNOWN}}}[$__range]))", "Tokens"),
                        Query(
                            f"sum by (model) (increase(mnemosyne_model_calls_total{{{J}{KNOWN}}}[$__range]))", "Calls"
                        ),
                        Query(
                            f"sum by (model) (increase(mnemosyne_unpriced_attempts_total{{{J}{KNOWN}}}[$__range]))",
                            "Unpriced",
                        ),
                    ],
                    16,
                    units=[("Cost", "currencyUSD")],
                ),
                Panel(
                    "Tools",
                    "95 of 100 calls are faster.",
                    "timeseries",
                    "s",
                    [
                        Query(
                            f"histogram_quantile(0.95, sum by (le, gen_ai_tool_name) (rate({TOOLS}{{{J}}}{R})))",
                            "{{gen_ai_tool_name}}",
                        ),
                    ],
                ),
            ],
        ),
        (
            "Limits",
            [
                Panel(
                    "Refused calls",
                    "429 and 529: the governor did not hold early enough.",
                    "timeseries",
                    "reqps",
                    [rate("mnemosyne_rate_limit_refusals_total", "model", KNOWN)],
                ),
                Panel(
                    "Calls that are held",
                    "Waiting for the limits of their model.",
                    "timeseries",
                    "short",
                    [now("mnemosyne_model_waiting_calls", "model")],
                ),
                Panel(
                    "Headroom",
                    "What is left of the limit that holds a model. Empty: none is held.",
                    "timeseries",
                    "percentunit",
                    [now("mnemosyne_model_headroom_ratio", "model, by", "min")],
                    quiet=True,
                ),
                Panel(
                    "Waits",
                    "Seconds per second, of all attempts, by what they wait for.",
                    "stack",
                    "short",
                    [rate("mnemosyne_wait_seconds_total", "wait")],
                ),
                Panel(
                    "Time held",
                    "Share of the time in which calls were held.",
                    "timeseries",
                    "percentunit",
                    [rate("mnemosyne_model_hold_seconds_total", "model", KNOWN)],
                ),
                Panel(
                    "Models without answers",
                    "1 while nobody gets an answer.",
                    "timeline",
                    "short",
                    [now("mnemosyne_model_unavailable", "model", "max")],
                    steps=ANY_IS_BAD,
                ),
            ],
        ),
    ],
)
