-- breaking: no
-- A project follows what it is told as a stream.
create index notification_project on notification (project_id, number);
