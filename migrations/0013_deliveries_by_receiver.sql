-- breaking: no
-- Due deliveries are looked for by receiver only. Where most of them wait for one that is dead, the planner took this
-- index for good enough for the others too, and read past all of the dead one's each time.
drop index delivery_due;

-- What is in hand is counted from the leases that have not ended. An entry lives as long as a delivery is on its way: by
-- webhook alone, each count read the entries of all that had been delivered since the last vacuum.
drop index delivery_in_hand;
create index delivery_in_hand on delivery (webhook_id, lease_until) where lease_until is not null;
