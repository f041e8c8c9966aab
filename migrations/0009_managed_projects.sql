-- breaking: no
-- A project is also managed when its manager listens to an event alarm, or looks by itself for what is asked.

alter table project
  -- At the newest look, an event alarm of the project would have heard its questions.
  add column alarmed boolean not null default false;

-- Projects whose managers look by themselves.
create table polling_project (
  project_id  text        primary key,
  declared_at timestamptz not null
);
