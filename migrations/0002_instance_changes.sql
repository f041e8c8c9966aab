-- breaking: no
-- What is on the hosts of a large session is read again and again: with the number of its last change, a process that
-- knows it already reads only what is new.

alter table instance
  -- The number of the session's journal entry with which the row was written last, or the next one.
  add column changed bigint not null default 0;
create index instance_changed on instance (session_id, changed);
