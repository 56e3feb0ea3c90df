-- A key may end by itself; null is a key that is good until it is revoked.
alter table api_keys add column expires_at timestamptz(6);
