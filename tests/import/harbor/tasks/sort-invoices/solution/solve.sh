echo gold-secret-solution > /app/totals.csv
