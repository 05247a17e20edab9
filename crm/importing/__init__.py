"""Taking in a file of orders: pass 1 reads and checks all of it into a staging file, pass 2 writes it in batches.

encoding, table, headers, columns   from bytes to cells with a meaning
numbers, dates, words               from a cell to a value, and how a column votes on its reading
reading                             pass 1: votes, then values, into staging
staging, identity, grouping         what only the whole file can say: whose an order is, which rows are one order
batches, customers, purchases       pass 2: one transaction per batch
orders                              the way in
uploaded, failed_rows               the way in from the browser, and what goes back
errors, telling                     what an import says
"""
