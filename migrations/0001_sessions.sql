-- breaking: no
-- Everything a session is and does. Postgres is the truth; queues carry ids of rows in here.

create table session (
  id              uuid        primary key,
  workflow        text        not null,
  state           text        not null,
  -- The number of the present entry of a state; effects and questions belong to one.
  entry           integer     not null check (entry > 0),
  maintenance_at  timestamptz not null,
  metadata        jsonb       not null,
  options         jsonb       not null,
  actions         jsonb       not null,
  -- As the admin gave them; empty means every host of the cloud.
  requested_hosts text[]      not null,
  -- When the session is due; null once it has ended.
  wake_at         timestamptz,
  wait_for        text,
  wait_until      timestamptz,
  failure         jsonb,
  report          jsonb,
  -- The number of the newest journal entry. Taken under the row's lock, so numbers are in commit order.
  journal_number  bigint      not null default 0,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  ended_at        timestamptz,
  removed_at      timestamptz,
  check ((wait_for is null) = (wait_until is null)),
  check ((ended_at is null) or (wake_at is null))
);
create index session_due on session (wake_at) where wake_at is not null;

-- The entries of states, oldest first: how a session came to where it is.
create table state_entry (
  session_id uuid        not null references session (id) on delete cascade,
  number     integer     not null,
  state      text        not null,
  since      timestamptz not null,
  primary key (session_id, number)
);

create table host (
  session_id uuid        not null references session (id) on delete cascade,
  name       text        not null,
  roles      text[]      not null,
  -- A HostStatus with its own data.
  status     jsonb       not null,
  closure    text        not null check (closure in ('open', 'closed_by_session', 'closed_by_others')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (session_id, name)
);

-- A host is in one session at a time. The row goes when the session ends.
create table host_claim (
  host       text primary key,
  session_id uuid not null references session (id) on delete cascade
);

create table project (
  session_id uuid        not null references session (id) on delete cascade,
  id         text        not null,
  created_at timestamptz not null,
  primary key (session_id, id)
);

create table instance (
  session_id uuid        not null references session (id) on delete cascade,
  id         text        not null,
  name       text        not null,
  project_id text        not null,
  host       text,
  status     text        not null,
  gone_at    timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (session_id, id),
  foreign key (session_id, project_id) references project (session_id, id) on delete cascade
);

-- The newest look at the cloud.
create table observation (
  session_id  uuid        primary key references session (id) on delete cascade,
  -- 1 for the first look. The facts are large; whoever has read this look need not read it again.
  look        integer     not null check (look > 0),
  observed_at timestamptz not null,
  facts       jsonb       not null
);

-- Questions belong to one entry of a state, so a second SCALE_IN starts with none.
create table question (
  session_id      uuid        not null references session (id) on delete cascade,
  entry           integer     not null,
  project_id      text        not null,
  round           integer     not null check (round > 0),
  state           text        not null,
  instance_ids    text[]      not null,
  allowed_actions text[]      not null,
  missing         jsonb,
  asked_at        timestamptz not null,
  reply_by        timestamptz not null,
  actions_at      timestamptz not null,
  primary key (session_id, entry, project_id, round),
  foreign key (session_id, project_id) references project (session_id, id) on delete cascade
);

-- At most one reply has an effect; the others are journal entries only.
create table reply (
  session_id       uuid        not null,
  entry            integer     not null,
  project_id       text        not null,
  round            integer     not null,
  answer           text        not null check (answer in ('ACK', 'NACK')),
  instance_actions jsonb       not null,
  reason           text,
  received_at      timestamptz not null,
  primary key (session_id, entry, project_id, round),
  foreign key (session_id, entry, project_id, round)
    references question (session_id, entry, project_id, round) on delete cascade
);

-- One thing done to the world. Its key is stable, so a decision taken again after a crash records nothing new.
create table effect (
  id              bigint      generated always as identity primary key,
  session_id      uuid        not null references session (id) on delete cascade,
  entry           integer     not null,
  kind            text        not null,
  subject         text        not null,
  payload         jsonb       not null,
  status          text        not null check (status in ('pending', 'running', 'done', 'failed', 'unknown', 'cancelled')),
  -- How often it was taken; more than once after a crash or while the cloud was out of reach.
  attempt         integer     not null default 0,
  not_before      timestamptz not null,
  postponed_since timestamptz,
  last_error      text,
  lease_token     uuid,
  lease_until     timestamptz,
  recorded_at     timestamptz not null,
  started_at      timestamptz,
  ended_at        timestamptz,
  outcome         jsonb,
  reason          text,
  -- Only host actions have one.
  output          text,
  unique (session_id, entry, kind, subject),
  check ((status = 'running') = (lease_token is not null and lease_until is not null))
);
create index effect_pending on effect (not_before) where status = 'pending';
create index effect_running on effect (lease_until) where status = 'running';
create index effect_under_way on effect (session_id) where status in ('pending', 'running');

create table journal (
  session_id uuid        not null references session (id) on delete cascade,
  number     bigint      not null,
  at         timestamptz not null,
  kind       text        not null,
  subject    text,
  text       text        not null,
  data       jsonb,
  primary key (session_id, number)
);

create table webhook (
  id         uuid        primary key,
  -- Null: an admin's or an infrastructure service's.
  project_id text,
  url        text        not null,
  events     text[]      not null check (cardinality(events) > 0),
  created_at timestamptz not null
);
create index webhook_project on webhook (project_id);

-- The outbox. Written in the transaction of the decision that tells.
create table notification (
  id         uuid        primary key,
  session_id uuid        not null references session (id) on delete cascade,
  event_type text        not null,
  project_id text,
  payload    jsonb       not null,
  created_at timestamptz not null
);
create index notification_session on notification (session_id, created_at);

create table delivery (
  id              bigint      generated always as identity primary key,
  notification_id uuid        not null references notification (id) on delete cascade,
  webhook_id      uuid        not null references webhook (id) on delete cascade,
  status          text        not null check (status in ('pending', 'delivered', 'failed')),
  attempt         integer     not null default 0,
  next_at         timestamptz not null,
  lease_token     uuid,
  lease_until     timestamptz,
  last_error      text,
  settled_at      timestamptz,
  unique (notification_id, webhook_id),
  check ((lease_token is null) = (lease_until is null))
);
create index delivery_due on delivery (next_at) where status = 'pending';
