"""Every wire event: its type, what it says and its fields. docs/events.md is this table."""

from typing import NamedTuple


class WireType(NamedTuple):
    """One type of wire event."""

    sentence: str
    fields: tuple[str, ...]
    """Beside those that every event has."""
    optional: tuple[str, ...] = ()
    """Left out where they do not apply."""


COMMON = ("type", "seq", "at", "timestamp", "run")

FIELDS = {
    "type": "Which of the types below.",
    "seq": "Position in the journal, from 1. Events that one row tells have the same.",
    "at": "When it was put on disk, in Unix seconds.",
    "timestamp": "The same moment as ISO 8601, UTC.",
    "run": "Id of the run; null for events of the fleet.",
    "item_id": "The work item.",
    "caps": "Of a budget, from now on: usd, tokens or both.",
    "limits": "How far the run may grow from now on: `items`, `fan_out`, `depth`.",
    "anew": "Whether what was spent before does not count any more.",
    "agent_id": "The agent, as in `executor-0`.",
    "epoch": "Number of the item's assignment; every new one is higher.",
    "attempt": "Number of the attempt. The number of one that is not charged to the item is given again.",
    "attempts": "How many attempts the item had.",
    "generation": "Number of the agent's process; 0 where it is not known.",
    "task": "The item's description.",
    "model": "The model asked for, or, in what was completed, the one that answered.",
    "result": "The answer: `text`, or `ref`, the hash under which the store keeps a long one.",
    "truncated": "Whether the text reached its token limit.",
    "memory_ids": "The memories that the result is kept as.",
    "memory_id": "The memory.",
    "namespace": "Where the memory belongs.",
    "into": "What the memories were for: `prompt` or `tool`.",
    "found": "By memory, the best first: `memory_id` and `score`, 0 to 1. No text.",
    "importance": "Of the memory, 1 to 10.",
    "kind": "Of knowledge, as in `insight`.",
    "tags": "Words that the memory was given.",
    "origin": "Id of the run that made the result.",
    "seconds": "Seconds of work.",
    "usage": "Tokens: `input_tokens`, `output_tokens`, `cache_read_tokens`, `cache_write_tokens`.",
    "cost_usd": "US dollars; null when the price is not known.",
    "estimated_usd": "The part of it that is for calls whose end never came: an upper bound.",
    "effort": "`calls` to the model, `retries` among them, and seconds of waiting: `permit_s` for permits, `limit_s` "
    "for the API's pace, `backoff_s` after failures.",
    "budget": "Tokens that the prompt had room for.",
    "usage_percent": "Of the context that was in use, by estimate.",
    "parts": "What went into the prompt: `share`, `kind`, `name`, `tokens`; `left_out` if there was no room for it.",
    "turn": "Which of the item's turns, from 1 over all its attempts.",
    "call": "Which of the turn's calls of tools, from 1.",
    "tool": "The tool's name, as the model wrote it.",
    "is_error": "Whether the tool told of an error.",
    "purpose": "What the attempt is for: work, review, extract (of requirements), or consolidate (what several reviews "
    "found).",
    "reviews": "Of so many, oldest first.",
    "passed": "Whether a review passed the result; else the plan or a person took it as it is.",
    "gates": "By gate: `gate`, `passed`, `evidence`.",
    "requirements": "Of a verdict, by requirement: `requirement`, `satisfied`, `evidence`; else the texts.",
    "issues": "What to change, the most important first.",
    "suggested_tests": "What would show that it is right.",
    "questions": "What the agent asks.",
    "what": "start: that the item begins; result: that its result is taken although no review passed it; "
    "growth: that the run grows by what it adds, over its limits.",
    "alone": "Whether its agent works on nothing else meanwhile, because the item may have ended one.",
    "suspect": "Whether the item may be what ended the agent.",
    "error": "The message, without secrets.",
    "error_message": "The message of the fault, without secrets.",
    "error_count": "Faults of the agent within the window.",
    "is_healthy": "Whether there are still fewer than restart it.",
    "restart_cause": "crash, hang, overdue, threshold, request, node_lost or memory.",
    "by": "What holds them: `requests`, `input_tokens`, `output_tokens`, `retry_after`, `refusals`, `first_answers`.",
    "waiting": "Calls without a permit.",
    "in_flight": "Calls that are under way.",
    "held_s": "Seconds that the oldest of them waits.",
    "limit": "What the API allows per minute of what holds them.",
    "left": "Of it, that may be given out now.",
    "refused": "Calls that the API refused since this was told last.",
    "retry_after_s": "What it asked for then.",
    "probe": "Whether one call goes first, to see if it is answered.",
    "reason": "The kind of failure, or why an agent or a model is not there, or a run does not go on.",
    "cause": "The item that failed or was cancelled.",
    "name": "The plan's name.",
    "key": "The name that the person gave the run, or null.",
    "items": "How many items the plan has.",
    "added": "Ids of the items that the run has grown by.",
    "refusals": "Why each of the others that were asked for was not added.",
    "from": "The phase that is over.",
    "to": "The phase that has begun: `spec_to_full_spec`, `full_spec_to_plan`, `plan_to_artifacts` or `complete`.",
    "parent": "The item that it was added for.",
    "wants": "How many things it asks for.",
    "digest": "SHA-256 over everything in the plan that counts.",
    "term": "Number of the driver that holds the run.",
    "driver": "Who drives.",
    "state": "How the run ended.",
    "counts": "Items by state.",
    "role": "The kind of agent.",
    "pid": "Process id of the agent.",
    "node": "Id of the node it runs on.",
}

ATTEMPT = ("item_id", "agent_id", "epoch", "attempt")
HELD = ("model", "by", "waiting", "in_flight", "held_s", "limit", "left", "refused", "retry_after_s")
USED = ("usage", "cost_usd", "estimated_usd", "effort")
SPENT = ("model", "seconds", *USED)
JUDGEMENT = ("gates", "requirements", "issues", "suggested_tests")
TURN = ("item_id", "agent_id", "epoch", "turn")

TYPES = {
    "run_accepted": WireType("The plan is on disk.", ("name", "key", "items", "digest", "model")),
    "run_started": WireType("A driver took the run.", ("term", "driver")),
    "run_paused": WireType("Nothing new is assigned until the run is resumed.", ("term", "reason")),
    "run_waiting": WireType(
        "No agent or no model is to be had for what is ready; the run goes on by itself.", ("term", "reason")
    ),
    "run_resumed": WireType("A paused or waiting run goes on.", ("term",)),
    "run_finished": WireType("Every item has its terminal state.", ("term", "state", "counts")),
    "agent_starting": WireType("The fleet asked for this agent.", ("agent_id", "role")),
    "agent_started": WireType(
        "The agent's process is up (without a task), or it began to work on a task.",
        ("agent_id", "generation"),
        ("role", "pid", "node", "item_id", "epoch", "task"),
    ),
    "agent_unavailable": WireType("The agent could not be started; the others go on.", ("agent_id", "role", "reason")),
    "agent_completed": WireType(
        "The agent ended its task with a result, or with what follows as the next event.",
        (*ATTEMPT, "generation", *SPENT),
        ("result", "truncated", "memory_ids"),
    ),
    "agent_failed": WireType(
        "The agent ended its task without a result.", (*ATTEMPT, "generation", "error", "reason", *SPENT)
    ),
    "agent_error_recorded": WireType(
        "An agent fault was counted.", ("agent_id", "generation", "error_count", "error_message")
    ),
    "agent_health_degraded": WireType(
        "The agent has had several faults in a short time.", ("agent_id", "error_count", "is_healthy")
    ),
    "agent_restarted": WireType(
        "A process of the agent ended, or is being ended, and another takes its place.",
        ("agent_id", "generation", "restart_cause", "reason"),
    ),
    "agent_given_up": WireType(
        "The agent was restarted too often; it is gone until `agents reset`.", ("agent_id", "reason")
    ),
    "heartbeat": WireType("An idle agent lives.", ("agent_id", "generation")),
    "agent_restart_requested": WireType("A person wants the agent's process replaced.", ("agent_id",)),
    "fleet_budget_set": WireType(
        "What all runs of the home may take together from now on; without caps nothing is capped.", ("anew",), ("caps",)
    ),
    "agent_reset_requested": WireType("A person wants an agent back that was given up.", ("agent_id",)),
    "model_unavailable": WireType("Nobody gets an answer from the model; its items wait.", ("model", "reason")),
    "model_available": WireType("The model may be asked again.", ("model", "probe")),
    "rate_limited": WireType("Calls to the model are held for its limits; with nobody waiting, no more.", HELD),
    "phase_changed": WireType("Every item of a phase is complete, and the next one has begun.", ("from", "to", "term")),
    "work_item_assigned": WireType(
        "An attempt was opened for this agent.", (*ATTEMPT, "model", "task", "term", "alone", "purpose")
    ),
    "work_item_retried": WireType(
        "The attempt before failed, for this reason, and the item gets another.", ("item_id", "reason", "attempt")
    ),
    "work_item_started": WireType("The agent works on it.", ("item_id", "agent_id", "epoch", "generation")),
    "turn_completed": WireType(
        "The model answered, and the item goes on. What it used is part of what the attempt used in the end.",
        (*TURN, "model", *USED),
    ),
    "context_checkpointed": WireType(
        "The conversation filled its context; this turn stands for all that was said before.",
        (*TURN, "usage_percent"),
    ),
    "tool_completed": WireType(
        "A tool that the model called has ended.", (*TURN, "call", "tool", "is_error", "seconds")
    ),
    "memory_recalled": WireType(
        "An attempt looked for memories: what was offered to its prompt, or what the tool `recall` told it.",
        ("item_id", "agent_id", "epoch", "into", "found"),
    ),
    "context_filled": WireType(
        "More than the task itself went into the prompt: skills or memories.",
        ("item_id", "agent_id", "epoch", "budget", "parts"),
    ),
    "work_item_completed": WireType(
        "The item has its result; it never runs again. After a review it says whether that passed, and not what was "
        "used, which `work_item_pending_review` has said.",
        ("item_id", "model"),
        ("agent_id", "epoch", "attempt", "seconds", *USED, "passed", "term"),
    ),
    "work_item_pending_review": WireType(
        "The attempt has a result, which a reviewer looks at before it is the item's.", (*ATTEMPT, *SPENT)
    ),
    "review_passed": WireType("A reviewer found the result good.", (*ATTEMPT, *JUDGEMENT)),
    "review_failed": WireType("A reviewer did not; nobody is charged with a fault.", (*ATTEMPT, *JUDGEMENT)),
    "requirements_extracted": WireType("What the description asks for is known.", (*ATTEMPT, "requirements")),
    "feedback_consolidated": WireType(
        "An optimizer, or who does its part, has made one text of what several reviews found, for the next attempt.",
        (*ATTEMPT, "reviews"),
    ),
    "needs_clarification": WireType(
        "The agent asks a person instead of working; the item is blocked until the answer.", (*ATTEMPT, "questions")
    ),
    "answer_given": WireType("A person answered.", ("item_id", "epoch")),
    "approval_requested": WireType(
        "The item is blocked until a person approves or denies.", ("item_id", "epoch", "what", "reason", "term")
    ),
    "approval_granted": WireType("A person approved.", ("item_id", "epoch")),
    "approval_denied": WireType("A person denied; the item fails.", ("item_id", "epoch", "reason")),
    "work_item_reused": WireType(
        "The item is complete from the start: an earlier run made and paid for its result.",
        ("item_id", "origin", "model", "result", "truncated", "memory_ids"),
    ),
    "work_items_added": WireType(
        "The run has grown by these items; the item that they were added for goes on, or ends, once they are done. "
        "With the term 0 an earlier run had added them, and some of them are reused.",
        ("item_id", "added", "refusals", "term"),
    ),
    "sub_agent_spawned": WireType(
        "One of them is a sub-agent's: its result goes back to the item that called for it.",
        ("item_id", "parent", "role", "task"),
    ),
    "agent_handed_off": WireType(
        "The agent stopped its task, free for others: it goes on, or ends, once what it asks for is done.",
        (*ATTEMPT, "generation", "wants", *SPENT),
    ),
    "work_item_joined": WireType(
        "The item is complete with the list of what the items made that were added for it.",
        ("item_id", "result", "truncated", "memory_ids", "term"),
    ),
    "work_item_lost": WireType(
        "The agent went away with the attempt; the item is assigned anew, nothing is charged to it.",
        (*ATTEMPT, "generation", "error", "suspect"),
    ),
    "work_item_failed": WireType(
        "The item ended without a result; no attempt is left.", ("item_id", "attempts", "error", "reason", "term")
    ),
    "work_item_quarantined": WireType(
        "The item ended its agent again while it worked alone; it gets no attempt any more.",
        ("item_id", "error", "term"),
    ),
    "work_item_skipped": WireType(
        "The item can never run: a dependency ended without a result.", ("item_id", "cause", "term")
    ),
    "work_item_cancelled": WireType("The item ended because a person asked for it.", ("item_id", "term")),
    "cancel_requested": WireType("A person wants the run, or one item of it, to end.", (), ("item_id",)),
    "pause_requested": WireType("A person wants nothing new to be started.", ()),
    "memory_stored": WireType(
        "A person or a tool remembered something.", ("memory_id", "namespace", "importance", "kind", "tags")
    ),
    "memory_forgotten": WireType("A memory is not recalled any more.", ("memory_id",)),
    "continue_requested": WireType("A person wants a paused run to go on.", (), ("item_id", "caps", "limits")),
}
