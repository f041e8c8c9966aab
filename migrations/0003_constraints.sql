-- breaking: no
-- What managers declare about their instances (ETSI NFV FEAT03). Independent of sessions: it outlives them all.

create table group_constraint (
  group_id               text        primary key,
  project_id             text        not null,
  group_name             text        not null,
  anti_affinity_group    boolean     not null,
  -- 0: no limit.
  max_instances_per_host integer     not null check (max_instances_per_host >= 0),
  max_impacted_members   integer     not null check (max_impacted_members > 0),
  recovery_time          integer     not null check (recovery_time >= 0),
  resource_mitigation    boolean     not null,
  created_at             timestamptz not null,
  updated_at             timestamptz not null,
  unique (project_id, group_id)
);

create table instance_constraint (
  instance_id           text        primary key,
  project_id            text        not null,
  -- Null once the group was removed: managers remove it before its members. Tacker declares a group for the project of
  -- its own user, and the instances for the project they are in, so the two may differ.
  group_id              text        references group_constraint (group_id) on delete set null,
  instance_name         text        not null,
  max_interruption_time integer     not null check (max_interruption_time >= 0),
  migration_type        text        not null check (migration_type in ('MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION')),
  resource_mitigation   boolean     not null,
  lead_time             integer     not null check (lead_time >= 0),
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  unique (project_id, instance_id)
);
create index instance_constraint_group on instance_constraint (group_id, project_id) where group_id is not null;

-- How often a project's constraints were changed, so that a session reads them again only when they were.
create table constraint_version (
  project_id text   primary key,
  version    bigint not null check (version > 0)
);

-- Who is impacted now, whichever session moves it: the few moves that are under way, and those that ended lately.
create index effect_moving on effect (id) where kind = 'move_instance' and status in ('pending', 'running');
create index effect_moved on effect (ended_at) where kind = 'move_instance' and ended_at is not null;
