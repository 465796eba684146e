-- Which form an order was placed with: the same form sent again leads back to its order.

ALTER TABLE buyer_order ADD COLUMN form_key TEXT;
