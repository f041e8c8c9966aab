-- breaking: no
-- How each notification fared can be read; a receiver that does not answer delays nobody else; one that is gone hears no more.

alter table notification
  -- In the order in which notifications were committed, for those who read page after page.
  add column number bigint not null generated always as identity;
create unique index notification_number on notification (number);

alter table webhook
  -- It answered 410 (Gone), and is told nothing more until it is registered again.
  add column off_at timestamptz,
  add column off_why text,
  -- Since when nothing that was sent to it arrived.
  add column failing_since timestamptz,
  add check ((off_at is null) = (off_why is null));

-- What waits for one receiver, and what is on its way to it at this moment.
create index delivery_of_webhook on delivery (webhook_id, next_at) where status = 'pending';
create index delivery_in_hand on delivery (webhook_id) where lease_until is not null;
