-- breaking: no
-- Who is impacted now: those whose projects moved them themselves lately, too (an addition to 0003).
create index effect_own_action on effect (ended_at) where kind = 'note_own_action';
