-- breaking: no
-- Webhooks in a format of our own, with signatures by which a receiver knows who sent them.

alter table webhook
  add column format text not null default 'aodh' check (format in ('aodh', 'cloudevents')),
  -- Signs what is sent, so it has to be readable here.
  add column secret text,
  -- After a change both sign for a while, so that a receiver can follow when it likes.
  add column old_secret text,
  add column old_secret_until timestamptz,
  add check ((format = 'cloudevents') = (secret is not null)),
  add check ((old_secret is null) = (old_secret_until is null));
