-- The words of the API that stand inside stored JSON: `dead` for what ended for good, and `status` in every member.
UPDATE jobs SET payload = json_set(payload, '$.status', 'dead')
    WHERE kind = 'replay' AND json_extract(payload, '$.status') = 'failed';

-- A change of a timeline names the member as the API does. No other text in it looks like this: its quotes are escaped.
UPDATE timeline SET data = replace(data, '"field":"dnsState"', '"field":"dnsStatus"')
    WHERE kind = 1 AND data LIKE '%"field":"dnsState"%';
