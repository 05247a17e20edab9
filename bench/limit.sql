-- The facts of crm/facts.py out of plain columns, in DuckDB: the limit that a night is compared with. $as_of is a date.
-- Channels are numbers in the order of their keys, -1 for none; a cost of -1 is a missing one; status: 0 paid, 1 unpaid, 2 refunded, 3 cancelled.
CREATE TEMP TABLE facts AS
WITH
rows AS (
    SELECT *,
        status <= 1 AND amount >= 0 AS counts,
        counts OR (amount < 0 AND status <> 3) AS weighs,
        day > $as_of - INTERVAL 1 YEAR AS this_year,
        day > $as_of - INTERVAL 2 YEARS AND NOT this_year AS year_before
    FROM orders WHERE day <= $as_of
),
sums AS (
    SELECT customer,
        count(*) FILTER (counts) AS orders,
        count(*) FILTER (counts AND this_year) AS orders_12m,
        coalesce(sum(amount) FILTER (weighs), 0) AS revenue,
        coalesce(sum(amount) FILTER (weighs AND this_year), 0) AS revenue_12m,
        coalesce(sum(amount) FILTER (weighs AND year_before), 0) AS revenue_prev_12m,
        count(*) FILTER (counts AND status = 0) AS paid_orders,
        count(*) FILTER (counts AND status = 1 AND $as_of - day > 30) AS unpaid_orders,
        coalesce(sum(cost) FILTER (counts AND this_year), 0) AS cost_12m,
        count(*) FILTER (counts AND this_year AND cost < 0) AS uncosted_12m,
        min(day) FILTER (counts) AS first_order_on,
        max(day) FILTER (counts) AS last_order_on
    FROM rows GROUP BY customer
),
days AS (SELECT DISTINCT customer, day FROM rows WHERE counts),
gaps AS (SELECT customer, day - lag(day) OVER (PARTITION BY customer ORDER BY day) AS gap FROM days),
sorted AS (SELECT customer, count(*) AS order_days, count(gap) AS n, list_sort(list(gap) FILTER (gap IS NOT NULL)) AS gaps FROM gaps GROUP BY customer),
rhythm AS (
    SELECT customer, order_days,
        CASE WHEN n >= 2 THEN (gaps[(n + 1) // 2] + gaps[n // 2 + 1]) / 2 END AS typical_gap_days,
        CASE WHEN n >= 2 THEN gaps[(9 * n + 9) // 10] END AS long_gap_days
    FROM sorted
),
business AS (SELECT CASE WHEN count(typical_gap_days) < 10 THEN 90 ELSE ceil(median(typical_gap_days)) END AS gap FROM rhythm),
by_channel AS (
    SELECT customer, channel, count(*) AS n, sum(amount) AS net, max(day) AS latest FROM rows WHERE counts AND channel >= 0 GROUP BY customer, channel
),
favourite AS (SELECT customer, arg_max(channel, (n, net, latest, -channel)) AS favourite_channel FROM by_channel GROUP BY customer),
joined AS (
    SELECT *, CASE WHEN last_order_on IS NOT NULL THEN coalesce(typical_gap_days, (SELECT gap FROM business)) END AS expected_gap_days
    FROM sums LEFT JOIN rhythm USING (customer) LEFT JOIN favourite USING (customer)
)
SELECT customer, orders, coalesce(order_days, 0) AS order_days, orders_12m, revenue, revenue_12m, revenue_prev_12m, paid_orders, unpaid_orders,
    CASE WHEN orders_12m = 0 THEN 0 WHEN uncosted_12m = 0 THEN revenue_12m - cost_12m END AS margin_12m,
    CASE WHEN orders > 0 THEN sign(revenue) * ((2 * abs(revenue) + orders) // (2 * orders)) END AS average_order,
    first_order_on, last_order_on, typical_gap_days, long_gap_days, expected_gap_days,
    last_order_on + CAST(ceil(expected_gap_days) AS integer) AS due_on,
    last_order_on + CAST(ceil(greatest(90, 3 * expected_gap_days, coalesce(long_gap_days, 0))) AS integer) AS inactive_on,
    last_order_on + CAST(ceil(greatest(365, 4 * expected_gap_days, 2 * coalesce(long_gap_days, 0))) AS integer) AS lost_on,
    favourite_channel,
    -- Nobody was called and nobody is marked in this world.
    0 AS interactions_12m, 0 AS minutes_12m, CAST(NULL AS date) AS last_contact_on,
    false AS is_disqualified, false AS is_marked_lost, false AS is_partner, false AS only_us
FROM joined
