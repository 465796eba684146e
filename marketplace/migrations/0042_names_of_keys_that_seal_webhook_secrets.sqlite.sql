-- Which key has sealed a webhook's secret, so that all are sealed anew before an old key goes; NULL: sealed before this was written down.
ALTER TABLE webhook_secret ADD COLUMN sealed_with TEXT;
