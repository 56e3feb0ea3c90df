-- For MetricFlow: a row a day.
select day as date_day
from {{ source('report', 'dim_date') }}
