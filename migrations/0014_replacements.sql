-- breaking: no
-- An instance that its project re-created says whose place it took (an addition to 0003): both are one member of a group.
alter table instance_constraint add column replaces text check (replaces <> instance_id);
create index instance_constraint_replaces on instance_constraint (replaces) where replaces is not null;

-- Only with SCALE_IN: how many members of which groups and sizes would make the room, as far as that is known.
alter table question add column members jsonb;

-- Who is impacted now: those whose projects have promised to move them and have not done so yet, in any session.
create index reply_own_action on reply (session_id, entry)
  where answer = 'ACK' and instance_actions @? '$.* ? (@ == "OWN_ACTION")';
