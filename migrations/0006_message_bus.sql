-- breaking: no
-- Notifications also go to OpenStack's message bus, from the same outbox.

alter table delivery
  -- Null: the message bus.
  alter column webhook_id drop not null;
create unique index delivery_on_bus on delivery (notification_id) where webhook_id is null;
