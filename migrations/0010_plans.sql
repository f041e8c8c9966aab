-- breaking: no
-- Plans are kept when they are made, so that a session can go by one and start only while the cloud is as it was.

create table plan (
  -- sha256: over the plan, and the name under which people know it.
  digest   text        primary key,
  plan     jsonb       not null,
  -- The cloud for which it was made, with the session that was wanted.
  cloud    jsonb       not null,
  -- How long it thinks that things take: all that is asked of it again and again while a session goes by it.
  expected jsonb       not null,
  made_at  timestamptz not null
);
create index plan_made on plan (made_at);

-- No reference: a plan may go once the session has ended.
alter table session add column plan_digest text;
