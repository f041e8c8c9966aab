-- breaking: no
-- A question may be about one instance and have its own link (workflow vnf); a project may say when to ask again.

-- Null: about all of instance_ids, answered for the project as a whole.
alter table question add column instance_id text;
create index question_instance on question (session_id, project_id, instance_id) where instance_id is not null;

-- Only with a NACK: when the project wants to be asked again.
alter table reply add column retry_at timestamptz;
