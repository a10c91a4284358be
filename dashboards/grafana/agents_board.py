"""Agents: states, faults, restarts; and how the watching does."""

from typing import Final

from dashboards.grafana.panels import ANY_IS_BAD, Board, J, Panel, Query, R, Step, now, quantiles, rise
from dashboards.metrics.labels import OTHER

KNOWN = f', model!="{OTHER}"'

AGENTS: Final = Board(
    "mnemosyne-agents",
    "Mnemosyne / Agents and health",
    [
        (
            "Now",
            [
                Panel(
                    "Fleet",
                    "1 while a process writes the store.",
                    "stat",
                    "short",
                    [now("mnemosyne_fleet_up", fold="max")],
                    4,
                    steps=[Step(0, "red"), Step(1, "green")],
                ),
                Panel("Agents", "By state.", "stat", "short", [now("mnemosyne_agents", "state")], 8),
                Panel(
                    "Unhealthy agents",
                    "Given up, unavailable or full of faults.",
                    "stat",
                    "short",
                    [now("mnemosyne_agents_unhealthy")],
                    6,
                    steps=ANY_IS_BAD,
                ),
                Panel(
                    "Restarts",
                    "In the range shown.",
                    "stat",
                    "short",
                    [Query(f"sum(increase(mnemosyne_agent_restarts_total{{{J}}}[$__range]))")],
                    6,
                ),
            ],
        ),
        (
            "Health",
            [
                Panel("Agents by state", "Of all roles.", "stack", "short", [now("mnemosyne_agents", "state")], 12),
                Panel(
                    "Unhealthy by role",
                    "Given up, unavailable or full of faults.",
                    "timeline",
                    "short",
                    [now("mnemosyne_agents_unhealthy", "role")],
                    12,
                    steps=ANY_IS_BAD,
                ),
                Panel(
                    "Restarts by cause",
                    "threshold: too many faults. overdue: an item did not stop.",
                    "stack",
                    "short",
                    [rise("mnemosyne_agent_restarts_total", "cause")],
                    12,
                ),
                Panel(
                    "Faults",
                    "That the health monitor counted, by role.",
                    "stack",
                    "short",
                    [rise("mnemosyne_agent_faults_total", "role")],
                    12,
                ),
                Panel(
                    "Degraded, given up",
                    "Agents with many faults, and those restarted too often.",
                    "timeseries",
                    "short",
                    [
                        Query(f"sum(increase(mnemosyne_agent_degradations_total{{{J}}}{R}))", "degraded"),
                        Query(f"sum(increase(mnemosyne_agents_given_up_total{{{J}}}{R}))", "given up"),
                    ],
                ),
                Panel(
                    "Starts",
                    "Processes that came up, by role.",
                    "stack",
                    "short",
                    [rise("mnemosyne_agent_starts_total", "role")],
                ),
                Panel(
                    "Model outages",
                    "Times that nobody got an answer.",
                    "stack",
                    "short",
                    [rise("mnemosyne_model_outages_total", "model", KNOWN)],
                ),
            ],
        ),
        (
            "Work and watching",
            [
                Panel(
                    "Attempts by role",
                    "That were assigned.",
                    "stack",
                    "short",
                    [rise("mnemosyne_attempts_total", "role")],
                ),
                Panel(
                    "Active agents",
                    "By role.",
                    "stack",
                    "short",
                    [now("mnemosyne_agents", "role", more=', state="active"')],
                ),
                Panel(
                    "Firing alerts",
                    "Empty: none.",
                    "timeline",
                    "short",
                    [
                        Query(
                            'max by (alertname) (ALERTS{alertstate="firing", alertname=~"Mnemosyne.*"})',
                            "{{alertname}}",
                        )
                    ],
                    quiet=True,
                    steps=ANY_IS_BAD,
                ),
                Panel(
                    "Scrapes",
                    "How long the exporter takes to answer.",
                    "timeseries",
                    "s",
                    [Query(f"max by (instance) (scrape_duration_seconds{{{J}}})", "{{instance}}")],
                ),
                Panel(
                    "Commits",
                    "How long the store takes to put a group of appends on disk.",
                    "timeseries",
                    "s",
                    quantiles("mnemosyne_store_commit_duration_seconds"),
                ),
                Panel(
                    "Series",
                    "That the exporter tells; they do not grow with the work.",
                    "timeseries",
                    "short",
                    [Query(f"max by (instance) (scrape_samples_post_metric_relabeling{{{J}}})", "{{instance}}")],
                ),
                Panel(
                    "Version",
                    "Of the sources that serve the metrics.",
                    "table",
                    "short",
                    [Query(f"max by (build, instance) (mnemosyne_build_info{{{J}}})")],
                ),
            ],
        ),
    ],
)
