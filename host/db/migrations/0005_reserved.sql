-- Nothing: the number is kept for what is made beside 0007.
SELECT 1;
