-- breaking: no
-- The journal tells what decisions know of the cloud (capacities, groups, limits) once, and then only what has changed.
-- What was told last is kept as it was written: `json` and not `jsonb`, so that it compares by its text.
alter table observation add column told json;

-- Up to which look, and which state of the declarations, it has been told.
alter table session add column told_look integer not null default 0;
alter table session add column told_constraints bigint not null default 0;
