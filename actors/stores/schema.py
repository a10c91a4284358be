"""The tables of a store, and what the SQLite file has besides."""

from actors.stores import fleet_budget, memories

APPLICATION_ID = 0x6D6E656D  # "mnem", in the file's header
VERSION = 4

PRAGMAS = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma wal_autocheckpoint = 0",  # actors/stores/group.py does it beside the commits, which then never wait for it
)

TABLES = (
    """
create table runs(
  id integer primary key,
  run text not null unique,
  key text unique,
  name text not null,
  digest text not null,
  model text not null,
  term integer not null default 0,
  driver text,
  accepted_seq integer not null,
  items integer not null,
  revises text                   -- the run whose results this one took over
) strict;

create table items(              -- what the plan says, and what the run grew by; never updated
  run integer not null references runs(id),
  position integer not null,
  item text not null,
  body text not null,            -- JSON of actors.work.Item
  primary key(run, position)
) strict, without rowid;

create table attempts(           -- one row per item: its newest attempt; the compare-and-swap of assigning and closing
  run integer not null references runs(id),
  item text not null,
  epoch integer not null default 0,
  open integer not null default 0,
  done integer not null default 0,
  primary key(run, item)
) strict, without rowid;

create table events(
  seq integer primary key,
  run integer not null,          -- 0: the fleet's
  at real not null,
  type text not null,
  body text not null             -- JSON of the event, without seq and at
) strict;
create index events_by_run on events(run, seq);

create table payloads(hash text primary key, text text not null) strict, without rowid;

create table appends(            -- so that an append sent twice is done once
  id text primary key,
  receipt text not null,
  at real not null               -- Unix seconds; those older than aging.KEPT_S are deleted
) strict, without rowid;
create index appends_by_at on appends(at);

create table marks(              -- the highest numbers that pruned rows had: none is given out twice
  name text primary key,         -- seq, run; indexed: up to which event the memories are indexed; commits …: how long
  value integer not null
) strict, without rowid;

create table agents(
  agent text primary key,
  role text not null,
  generation integer not null
) strict, without rowid;
"""
    + memories.TABLES
    + fleet_budget.TABLES
)
"""Of every store; what is SQLite's own in them, actors/stores/postgres/schema.py translates."""
