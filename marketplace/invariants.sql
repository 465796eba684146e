-- Each query finds the rows that break one rule; it runs after every test, nightly, and by `ashiato doctor`.
-- It holds on SQLite and PostgreSQL alike. Names I1 to I9 are those of docs/invariants.md.

-- rule: I1 no two live retirements share a serial
SELECT a.id AS one, b.id AS other FROM retirement a
  JOIN unit_interval ia ON ia.id = a.interval_id
  JOIN retirement b ON b.id > a.id AND b.state <> 'rejected'
  JOIN unit_interval ib ON ib.id = b.interval_id
 WHERE a.state <> 'rejected' AND ia.block_id = ib.block_id
   AND ia.first_serial <= ib.last_serial AND ia.last_serial >= ib.first_serial

-- rule: I1 intervals of a block do not overlap
SELECT a.id AS one, b.id AS other FROM unit_interval a JOIN unit_interval b
    ON b.block_id = a.block_id AND b.id > a.id
 WHERE a.first_serial <= b.last_serial AND a.last_serial >= b.first_serial

-- rule: I1 intervals tile their block
SELECT b.id AS block, b.size AS size, SUM(i.last_serial - i.first_serial + 1) AS tiled
  FROM block b LEFT JOIN unit_interval i ON i.block_id = b.id
 GROUP BY b.id, b.size, b.tiled
HAVING COALESCE(SUM(i.last_serial - i.first_serial + 1), 0) <> b.size OR b.tiled <> b.size

-- rule: I2 cancelled units belong to a confirmed retirement
SELECT i.id AS interval FROM unit_interval i
 WHERE i.state = 'cancelled'
   AND NOT EXISTS (SELECT 1 FROM retirement r WHERE r.interval_id = i.id AND r.state = 'confirmed')

-- rule: I2 cancelling units belong to a retirement that is under way
SELECT i.id AS interval FROM unit_interval i
 WHERE i.state = 'cancelling'
   AND (SELECT COUNT(*) FROM retirement r WHERE r.interval_id = i.id) = 0

-- rule: I2 a fulfilled order has exactly its tonnes cancelled, less what nothing could replace
SELECT o.id AS buyer_order, q.tonnes - (q.pool_g + 999999) / 1000000 AS bought, SUM(i.last_serial - i.first_serial + 1) AS cancelled
  FROM buyer_order o JOIN quote q ON q.id = o.quote_id
  LEFT JOIN retirement r ON r.order_id = o.id AND r.state = 'confirmed'
  LEFT JOIN unit_interval i ON i.id = r.interval_id AND i.state = 'cancelled'
 WHERE o.state = 'fulfilled'
 GROUP BY o.id, q.tonnes, q.pool_g
HAVING COALESCE(SUM(i.last_serial - i.first_serial + 1), 0) + (
         SELECT COALESCE(SUM(s.tonnes), 0) FROM order_shortfall s WHERE s.order_id = o.id)
       <> q.tonnes - (q.pool_g + 999999) / 1000000

-- rule: I2 a pool has drawn what its lines have, and hands on no more than its certificate
SELECT p.id AS pool, p.grams AS grams, p.drawn_g AS counted, SUM(d.grams) AS drawn, c.handed_g AS handed
  FROM pool p
  LEFT JOIN pool_draw d ON d.pool_id = p.id
  LEFT JOIN pool_certificate c ON c.number = p.certificate_number
 GROUP BY p.id, p.grams, p.drawn_g, p.certificate_number, c.number, c.grams, c.handed_g
HAVING COALESCE(SUM(d.grams), 0) <> p.drawn_g OR p.drawn_g > p.grams
    OR (p.certificate_number IS NOT NULL AND (c.number IS NULL OR c.grams <> p.grams OR c.handed_g > p.drawn_g))

-- rule: I2 a fulfilled order was handed its grams out of pools, and no other order was handed any
SELECT o.id AS buyer_order, o.state AS state, q.pool_g AS bought, SUM(d.grams) AS handed
  FROM buyer_order o JOIN quote q ON q.id = o.quote_id
  JOIN pool_line l ON l.quote_id = q.id
  LEFT JOIN pool_draw d ON d.pool_line_id = l.id AND d.handed_on
 GROUP BY o.id, o.state, q.pool_g
HAVING COALESCE(SUM(d.grams), 0) <> CASE WHEN o.state = 'fulfilled' THEN q.pool_g ELSE 0 END

-- rule: I2 the grams of a pool certificate are those its parts hold
SELECT p.number AS pool, p.handed_g AS counted, SUM(s.grams) AS held
  FROM pool_certificate p
  LEFT JOIN (SELECT s.pool_id AS pool_id, s.grams AS grams FROM certificate_pool_share s
              WHERE NOT EXISTS (SELECT 1 FROM certificate_end e WHERE e.certificate_id = s.certificate_id AND e.kind = 'corrected')) s
    ON s.pool_id = p.certificate_id
 GROUP BY p.number, p.handed_g, p.grams
HAVING COALESCE(SUM(s.grams), 0) <> p.handed_g OR p.handed_g > p.grams

-- rule: I3 what nothing could replace is paid back
SELECT o.id AS buyer_order FROM buyer_order o
 WHERE o.state = 'fulfilled' AND EXISTS (SELECT 1 FROM order_shortfall s WHERE s.order_id = o.id)
   AND NOT EXISTS (SELECT 1 FROM refund f JOIN payment p ON p.id = f.payment_id
                    WHERE p.order_id = o.id AND f.key = 'short:' || o.id)

-- rule: I3 an order past payment has its payment, an order before has none
SELECT o.id AS buyer_order, o.state AS state FROM buyer_order o
  LEFT JOIN payment p ON p.order_id = o.id
 WHERE (p.id IS NULL) <> (o.state IN ('quoted', 'awaiting_payment', 'expired', 'payment_failed'))

-- rule: I3 a refunded order has its whole payment promised back and nothing cancelled; an open one owes what is left
SELECT o.id AS buyer_order, o.state AS state, p.amount_yen AS paid, COALESCE(SUM(f.amount_yen), 0) AS promised
  FROM buyer_order o
  JOIN payment p ON p.order_id = o.id
  LEFT JOIN refund f ON f.payment_id = p.id
 GROUP BY o.id, o.state, p.amount_yen
HAVING COALESCE(SUM(f.amount_yen), 0) > p.amount_yen
    OR (o.state IN ('refund_due', 'refunded') AND COALESCE(SUM(f.amount_yen), 0) <> p.amount_yen)
    OR (o.state IN ('refund_due', 'refunded')
        AND EXISTS (SELECT 1 FROM retirement r WHERE r.order_id = o.id AND r.state <> 'rejected'))

-- rule: I3 what an account holds for a refund is what was promised and not yet given back
SELECT f.id AS refund, f.state AS state, f.amount_yen AS yen, SUM(l.amount_yen) AS held
  FROM refund f LEFT JOIN ledger_posting l ON l.account = 'refund:' || f.id
 GROUP BY f.id, f.state, f.amount_yen
HAVING COALESCE(SUM(l.amount_yen), 0) <> CASE WHEN f.state = 'succeeded' THEN 0 ELSE -f.amount_yen END

-- rule: I3 what a dispute withholds is booked as long as it is undecided
SELECT d.id AS dispute, d.state AS state, SUM(l.amount_yen) AS held
  FROM dispute d LEFT JOIN ledger_posting l ON l.account = 'dispute:' || d.id
 GROUP BY d.id, d.state, d.amount_yen
HAVING COALESCE(SUM(l.amount_yen), 0) <> CASE WHEN d.state = 'withdrawn' THEN d.amount_yen ELSE 0 END

-- rule: I4 ledger transactions sum to zero
SELECT t.id AS ledger_transaction, SUM(p.amount_yen) AS total
  FROM ledger_transaction t LEFT JOIN ledger_posting p ON p.transaction_id = t.id
 GROUP BY t.id, t.balance
HAVING COALESCE(SUM(p.amount_yen), 0) <> 0 OR t.balance <> 0

-- rule: I4 what is owed to a buyer is the captured money, less refunds borne by the order, until it is fulfilled
SELECT o.id AS buyer_order, o.state AS state, p.amount_yen AS paid, o.promised AS promised, SUM(l.amount_yen) AS owed
  FROM (SELECT b.id AS id, b.state AS state, (
          SELECT COALESCE(SUM(f.amount_yen), 0) FROM refund f JOIN payment c ON c.id = f.payment_id
           WHERE c.order_id = b.id AND f.borne_by = 'order') AS promised
          FROM buyer_order b) o
  JOIN payment p ON p.order_id = o.id
  LEFT JOIN ledger_posting l ON l.account = 'order:' || o.id
 GROUP BY o.id, o.state, p.amount_yen, o.promised
HAVING COALESCE(SUM(l.amount_yen), 0) <> CASE WHEN o.state IN ('fulfilled', 'refunded', 'refund_due') THEN 0 ELSE o.promised - p.amount_yen END

-- rule: I4 a prepaid balance is what its postings say
SELECT b.buyer AS buyer, b.yen AS yen, SUM(l.amount_yen) AS postings
  FROM buyer_balance b LEFT JOIN ledger_posting l ON l.account = 'buyer_balance:' || b.buyer
 GROUP BY b.buyer, b.yen
HAVING b.yen <> -COALESCE(SUM(l.amount_yen), 0)

-- rule: I6 a fulfilled order has its certificate, and no other order has one but for parts
SELECT o.id AS buyer_order, o.state AS state FROM buyer_order o
  LEFT JOIN certificate c ON c.order_reference = o.id
 WHERE (o.state = 'fulfilled') <> (o.certificate_number IS NOT NULL)
    OR (c.number IS NOT NULL AND c.number <> COALESCE(o.certificate_number, ''))
    OR (c.number IS NULL AND o.certificate_number IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM certified_part p WHERE p.order_id = o.id AND p.number = o.certificate_number))

-- rule: I6 what is certified ahead of the rest is confirmed, and stands in a certificate of its own order
SELECT p.retirement_id AS retirement, p.number AS number FROM certified_part p
  JOIN retirement r ON r.id = p.retirement_id
  JOIN buyer_order o ON o.id = p.order_id
  LEFT JOIN certificate c ON c.number = p.number
 WHERE c.id IS NULL OR c.order_reference <> o.id || '/' || p.part
    OR r.state <> 'confirmed' OR r.order_id <> o.id OR o.state NOT IN ('retiring', 'fulfilled')

-- rule: I2 the certificates of a fulfilled order state exactly what was cancelled for it and what it was handed
SELECT o.id AS buyer_order, q.pool_g AS handed, n.grams AS certified
  FROM buyer_order o JOIN quote q ON q.id = o.quote_id
  JOIN (SELECT k.order_id AS order_id, SUM(c.grams) AS grams
          FROM (SELECT order_id, number FROM certified_part
                 UNION SELECT id, certificate_number FROM buyer_order WHERE state = 'fulfilled') k
          JOIN certificate c ON c.number = k.number
         GROUP BY k.order_id) n ON n.order_id = o.id
 WHERE o.state = 'fulfilled' AND n.grams <> q.pool_g + 1000000 * (
         SELECT COALESCE(SUM(i.last_serial - i.first_serial + 1), 0)
           FROM retirement r JOIN unit_interval i ON i.id = r.interval_id
          WHERE r.order_id = o.id AND r.state = 'confirmed')

-- rule: I8 a confirmed retirement holds the registry's notice
SELECT id AS retirement FROM retirement
 WHERE state = 'confirmed'
   AND (notice_number IS NULL OR recorded_on IS NULL OR notice_document IS NULL OR notice_sha256 IS NULL)

-- rule: I8 what came through the desk says what the notice at the desk says
SELECT r.id AS retirement, i.state AS item, a.notice_number AS entered, r.notice_number AS confirmed
  FROM retirement r JOIN desk_item i ON i.reference = r.reference
  LEFT JOIN desk_application a ON a.id = i.application_id
 WHERE r.state = 'confirmed'
   AND (a.id IS NULL OR i.state NOT IN ('confirmed', 'partly_confirmed') OR a.notice_number <> r.notice_number
     OR a.recorded_on <> r.recorded_on OR a.document_sha256 <> r.notice_sha256)

-- rule: I8 an application at the desk that is under way has exactly the tonnes of its items
SELECT a.id AS application, a.tonnes AS frozen, SUM(i.last_serial - i.first_serial + 1) AS items
  FROM desk_application a LEFT JOIN desk_item i ON i.application_id = a.id
 WHERE a.state IN ('prepared', 'taken', 'executed', 'noticed')
 GROUP BY a.id, a.tonnes
HAVING COALESCE(SUM(i.last_serial - i.first_serial + 1), 0) <> a.tonnes

-- rule: an organisation with members has an owner
SELECT organisation_id AS organisation FROM membership
 GROUP BY organisation_id
HAVING SUM(CASE WHEN role = 'owner' THEN 1 ELSE 0 END) = 0

-- rule: nobody has approved what they proposed
SELECT id AS proposal FROM proposal WHERE state = 'approved' AND decided_by = proposed_by

-- rule: I4 what an event page has promised is within its cap, and is what its attendees hold
SELECT e.id AS event_page, e.cap_yen AS cap, e.committed_yen AS counted, SUM(p.organiser_yen) AS held
  FROM event_page e
  LEFT JOIN participation p ON p.event_page_id = e.id AND p.organiser_part IN ('held', 'spent')
 GROUP BY e.id, e.cap_yen, e.committed_yen
HAVING e.committed_yen > e.cap_yen OR COALESCE(SUM(p.organiser_yen), 0) <> e.committed_yen

-- rule: I4 money is set aside for an attendee exactly as long as the organiser's part is held
SELECT p.id AS participation, p.organiser_part AS part, p.organiser_yen AS yen, SUM(l.amount_yen) AS held
  FROM participation p LEFT JOIN ledger_posting l ON l.account = 'set_aside:' || p.id
 GROUP BY p.id, p.organiser_part, p.organiser_yen
HAVING COALESCE(SUM(l.amount_yen), 0) <> CASE WHEN p.organiser_part = 'held' THEN -p.organiser_yen ELSE 0 END

-- rule: I3 an attendee's order goes on only with the organiser's part that it was promised
SELECT p.id AS participation, a.state AS attendee, p.organiser_part AS part
  FROM participation p JOIN buyer_order a ON a.id = p.order_id
 WHERE (a.state IN ('retiring', 'fulfilled') AND p.organiser_part IN ('held', 'returned'))
    OR (a.state IN ('refund_due', 'refunded', 'expired') AND p.organiser_part = 'spent')

-- rule: no more units of a product come back than were sold, sale by sale
SELECT s.id AS sale, s.units AS sold, SUM(r.units) AS back
  FROM product_entry s JOIN product_entry r ON r.sale_id = s.id
 WHERE s.kind = 'sold'
 GROUP BY s.id, s.units, s.grams
HAVING SUM(r.units) > s.units OR SUM(r.grams) > s.grams

-- rule: what covers a product is certified to the gram, and a revoked certificate covers nothing
SELECT e.id AS entry, e.grams AS grams, c.grams AS certified
  FROM product_entry e
  LEFT JOIN certificate c ON c.number = e.certificate_number
 WHERE e.kind = 'covered'
   AND (c.id IS NULL OR c.grams < e.grams
     OR (EXISTS (SELECT 1 FROM certificate_end x WHERE x.certificate_id = c.id AND x.kind = 'revoked')
         AND NOT EXISTS (SELECT 1 FROM product_entry u WHERE u.cover_id = e.cover_id AND u.kind = 'uncovered')))

-- rule: a fulfilled order that was bought to cover a product covers it
SELECT c.id AS product_cover, o.state AS state, o.certificate_number AS number, e.id AS entry
  FROM product_cover c JOIN buyer_order o ON o.quote_id = c.quote_id
  LEFT JOIN product_entry e ON e.cover_id = c.id AND e.kind = 'covered'
 WHERE (o.state = 'fulfilled') <> (e.id IS NOT NULL)

-- rule: a purchase by a product's rule cost what was set aside for it
SELECT t.id AS top_up, t.yen AS yen, o.total_yen AS paid
  FROM product_top_up t JOIN buyer_order o ON o.id = t.order_id
 WHERE o.quote_id <> t.quote_id OR o.total_yen <> t.yen

-- rule: I3 a month of a plan costs and covers what its terms say
SELECT m.id AS plan_month, o.total_yen AS paid, t.total_yen AS agreed, q.pool_g AS covered, t.month_g + t.carried_g AS said
  FROM plan_month m JOIN plan_terms t ON t.id = m.terms_id
  JOIN buyer_order o ON o.id = m.order_id JOIN quote q ON q.id = o.quote_id
 WHERE o.total_yen <> t.total_yen OR q.pool_g <> t.month_g + t.carried_g OR t.plan_id <> m.plan_id

-- rule: the daily sums of a product are what its entries say
SELECT e.product_id AS product, e.day AS day, e.kind AS kind, e.units AS entered, t.units AS summed
  FROM (SELECT product_id, COALESCE(period_id, '') AS period_id, day, kind, SUM(units) AS units, SUM(grams) AS grams, COUNT(*) AS entries
          FROM product_entry GROUP BY product_id, COALESCE(period_id, ''), day, kind) e
  LEFT JOIN product_total t ON t.product_id = e.product_id AND t.period_id = e.period_id AND t.day = e.day AND t.kind = e.kind
 WHERE t.units IS NULL OR t.units <> e.units OR t.grams <> e.grams OR t.entries <> e.entries
