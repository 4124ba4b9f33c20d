"""The functions that Timestream's developer guide documents, by subject, and a case that shows each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.services.timestream_local.cases import CASES
from tests.services.timestream_local.composite_cases import COMPOSITE

FUNCTIONS: Mapping[str, str] = {
    "Conditions": ("case if coalesce nullif between in like cast try_cast try greatest least"),
    "Mathematics": (
        "abs cbrt ceiling ceil cos cosh acos sin asin tan tanh atan atan2 degrees radians e pi "
        "exp floor from_base to_base ln log log2 log10 mod pow power rand random round sign sqrt "
        "truncate infinity nan is_finite is_infinite is_nan width_bucket"
    ),
    "Bits": ("bit_count bitwise_and bitwise_or bitwise_xor bitwise_not"),
    "Text": (
        "chr codepoint concat hamming_distance length levenshtein_distance lower upper lpad rpad "
        "ltrim rtrim trim position replace reverse split split_part strpos substr substring "
        "starts_with"
    ),
    "Patterns": ("regexp_extract regexp_extract_all regexp_like regexp_replace regexp_split"),
    "Arrays": (
        "array_distinct array_except array_intersect array_join array_max array_min "
        "array_position array_remove array_sort array_union arrays_overlap cardinality contains "
        "element_at repeat sequence shuffle slice zip filter reduce transform zip_with"
    ),
    "Times": (
        "current_date current_time current_timestamp current_timezone localtime localtimestamp "
        "now ago bin date date_add date_diff date_trunc date_format date_parse day day_of_month "
        "day_of_week dow day_of_year doy extract from_iso8601_date from_iso8601_timestamp "
        "from_milliseconds from_nanoseconds from_unixtime to_iso8601 to_milliseconds "
        "to_nanoseconds to_unixtime hour minute second millisecond month quarter week "
        "week_of_year year year_of_week yow last_day_of_month parse_duration "
        "nanosecond format_datetime parse_datetime typeof"
    ),
    "Aggregates": (
        "approx_distinct approx_percentile arbitrary array_agg avg bitwise_and_agg bitwise_or_agg "
        "bool_and bool_or every checksum corr count count_if covar_pop covar_samp geometric_mean "
        "max max_by min min_by regr_intercept regr_slope skewness stddev stddev_pop stddev_samp "
        "sum variance var_pop var_samp"
    ),
    "Windows": (
        "cume_dist dense_rank percent_rank rank ntile row_number first_value last_value nth_value lead lag"
    ),
    "Time series": (
        "create_time_series unnest interpolate_linear interpolate_locf interpolate_fill "
        "interpolate_spline_cubic derivative_linear non_negative_derivative_linear "
        "integral_trapezoidal correlate_pearson correlate_spearman"
    ),
}
REFUSED: Mapping[str, str] = {}
"""Functions that the endpoint refuses, with the reason."""


def example_of(name: str) -> str | None:
    """The shortest query of the cases that uses a function; None if there is none."""
    word = re.compile(rf"(?<![\w.'\"]){name}(?![\w'\"])", re.IGNORECASE)
    queries = (sql for cases in (CASES | COMPOSITE).values() for sql, _ in cases)
    return min((sql for sql in queries if word.search(sql)), key=len, default=None)
