"""The tables that the audit's checks read, as SQL (DuckDB).

`storage.audit` fills them for one day of one run at a time. In column names `before_` and `next_` stand for
the previous and the next row of the same entity. Facts:

- `bus`, `stop`;
- `pattern_stop`: the stops of patterns; `place` counts from 1; `hop_m` is the distance from the stop before;
  `boards` and `alights` say whether people may get in and out;
- `irregular`: the times in which a line's trips may be cut short.

From visits, for each day:

- `visit`: the visits of the day and of half a day around it; `of_day` marks those to check;
- `fitting`: how many visits of a trip match each pattern; `trip`: trips with the pattern that fits best;
- `visit_in_trip`: visits with their stop's data in the pattern and the bus's previous visit. A trip that may
  be cut short begins after another one, or without an earlier visit where nobody was aboard before;
- `leg`: the time from a visit of a bus to its next one (`since` ≤ t < `until`), with the load and the next
  visit. The first and the last leg of a bus are unbounded. Unknown values are NULL.

From the other streams, for each piece of a day, temporary tables, which other connections don't see:

- `position`, `sensor`, `people`: the rows of the piece and of the tick before it, with the columns of
  `storage.audit_rows`; `of_piece` marks those to check;
- `piece_leg`: the legs of the piece; `number` is that of the columns `leg` and `before_leg`;
- `seen`: positions with their leg, and with what the leg of the previous position says;
- `reading`: doors of buses by sensors and by visits;
- `air`: a bus's CO2 with the value that the mass balance gives;
- `crowd`: people counts with the boardings (`boarded`) of the minute's visits.
"""

TABLES = """
CREATE TABLE bus (bus_id VARCHAR, line_id VARCHAR, capacity BIGINT, source DOUBLE);
CREATE TABLE stop (stop_id VARCHAR, line_ids VARCHAR);
CREATE TABLE pattern_stop (
  line_id VARCHAR, direction BIGINT, pattern_id VARCHAR, place BIGINT, places BIGINT,
  stop_id VARCHAR, metres DOUBLE, hop_m DOUBLE, latitude DOUBLE, longitude DOUBLE,
  boards BOOLEAN, alights BOOLEAN);
CREATE TABLE irregular (line_id VARCHAR, since TIMESTAMPTZ, until TIMESTAMPTZ);
"""

VISIT_VIEWS = """
CREATE OR REPLACE TABLE fitting AS
  SELECT v.trip_id, p.pattern_id, count(*) AS visits, max(p.places) AS places, max(v.sequence) AS last
  FROM visit v JOIN pattern_stop p
    ON p.line_id = v.line_id AND p.direction = v.direction AND p.place = v.sequence AND p.stop_id = v.stop_id
  GROUP BY ALL;
CREATE OR REPLACE TABLE trip AS
  SELECT true AS of_day, t.trip_id, t.visits, t.boarding, t.alighting, t.first, t.last, t.line_id,
    t.direction, arg_min(f.pattern_id, (f.places <> t.last, f.places, f.pattern_id))
      FILTER (f.visits = t.visits) AS pattern_id
  FROM (
    SELECT trip_id, count(*) AS visits, sum(boarding) AS boarding, sum(alighting) AS alighting,
      min(sequence) AS first, max(sequence) AS last, any_value(line_id) AS line_id,
      any_value(direction) AS direction
    FROM visit GROUP BY trip_id) t
  LEFT JOIN fitting f USING (trip_id) GROUP BY ALL;
CREATE OR REPLACE TABLE visit_in_trip AS
  WITH known AS (
    SELECT v.*, b.line_id AS bus_line_id, b.capacity, p.hop_m, p.latitude, p.longitude, p.places,
      EXISTS (FROM irregular i WHERE i.line_id = v.line_id AND v.time >= i.since AND v.time < i.until)
        AS is_irregular
    FROM visit v LEFT JOIN bus b USING (bus_id) LEFT JOIN trip t USING (trip_id)
    LEFT JOIN pattern_stop p ON p.line_id = v.line_id AND p.direction = v.direction
      AND p.pattern_id = t.pattern_id AND p.place = v.sequence),
  placed AS (
    SELECT *,
      lag(time) OVER w AS before_time, lag(passenger_count) OVER w AS load_before,
      lag(direction) OVER w AS before_direction, lag(places) OVER w AS before_places,
      lag(sequence) OVER w AS before_sequence, lag(trip_id) OVER w AS before_trip_id,
      lag(is_irregular) OVER w AS before_irregular, lead(is_irregular) OVER w AS next_irregular,
      lead(sequence) OVER w AS next_sequence, lead(trip_id) OVER w AS next_trip_id
    FROM known WINDOW w AS (PARTITION BY bus_id ORDER BY time, sequence))
  SELECT * EXCLUDE (before_irregular, next_irregular, next_sequence, next_trip_id),
    sequence = 1 OR (is_irregular
      AND coalesce(before_trip_id <> trip_id, passenger_count + alighting = boarding)) AS starts_trip,
    before_sequence = before_places OR is_irregular OR coalesce(before_irregular, false) AS before_ended,
    -- Whether the bus's next visit starts a trip. That visit has one before it: this one.
    next_sequence = 1 OR (next_irregular AND next_trip_id <> trip_id) AS ends_trip
  FROM placed;
CREATE OR REPLACE TABLE leg AS
  WITH point AS (
    SELECT bus_id, time, passenger_count AS load, sequence, stop_id, arrival_time, doors_open, direction,
      trip_id, hop_m, latitude, longitude, starts_trip FROM visit_in_trip
    UNION ALL BY NAME
    SELECT bus_id, $from::TIMESTAMPTZ - INTERVAL 1 SECOND AS time,
      CASE WHEN $from_known THEN 0 END AS load FROM bus)
  SELECT bus_id, time AS since, load,
    coalesce(lead(time) OVER w, 'infinity'::TIMESTAMPTZ) AS until,
    lead(stop_id) OVER w AS next_stop, lead(arrival_time) OVER w AS next_arrival,
    lead(doors_open) OVER w AS next_doors, lead(direction) OVER w AS next_direction,
    lead(trip_id) OVER w AS next_trip, lead(starts_trip) OVER w AS next_starts,
    lead(hop_m) OVER w AS hop_m, lead(latitude) OVER w AS next_latitude,
    lead(longitude) OVER w AS next_longitude,
    sum(CASE WHEN NOT starts_trip THEN hop_m ELSE 0 END) OVER (w ROWS UNBOUNDED PRECEDING) AS odometer_m,
    $to_known OR lead(time) OVER w IS NOT NULL AS known
  FROM point WINDOW w AS (PARTITION BY bus_id ORDER BY time) ORDER BY bus_id, since;
"""
"""`$from` is the time from which visits are loaded. `$from_known` and `$to_known` say whether these include
half a day before and after the day: if so, a bus without a visit is parked; if not, its state is unknown."""

PIECE_VIEWS = """
CREATE OR REPLACE TEMP TABLE piece_leg AS
  SELECT l.rowid AS number, l.*, b.source, b.line_id AS bus_line_id FROM leg l LEFT JOIN bus b USING (bus_id)
  WHERE l.until > $begins - INTERVAL 1 MINUTE AND l.since < $ends;
CREATE OR REPLACE TEMP VIEW seen AS
  SELECT p.* EXCLUDE (before_next_stop_id, before_trip_id),
    p.next_stop_id = p.before_next_stop_id AS same_stop, p.before_trip_id = '' AS before_parked,
    l.bus_line_id, l.load, l.since, l.until, l.next_stop, l.next_arrival, l.next_doors, l.next_direction,
    l.next_trip, l.next_starts, l.hop_m, l.next_latitude, l.next_longitude, l.known,
    coalesce(l.odometer_m, 0)
      + CASE WHEN NOT l.next_starts THEN l.hop_m - p.distance_to_next_stop ELSE 0 END AS odometer_m,
    p.time >= l.next_arrival AS standing,
    l.next_starts AND p.distance_to_next_stop > 0 AS empty_run,
    b.since AS before_since,
    CASE WHEN p.before_time IS NOT NULL THEN coalesce(b.odometer_m, 0)
      + CASE WHEN NOT b.next_starts THEN b.hop_m - p.before_distance_to_next_stop ELSE 0 END
      END AS before_odometer_m,
    b.next_starts AND p.before_distance_to_next_stop > 0 AS before_empty_run,
    (epoch_ms(p.time) - epoch_ms(p.before_time)) / 1000 AS seconds
  FROM position p LEFT JOIN piece_leg l ON l.number = p.leg LEFT JOIN piece_leg b ON b.number = p.before_leg;
CREATE OR REPLACE TEMP VIEW reading AS
  SELECT s.of_piece, s.entity_id, s.time, s.door_status, l.known,
    coalesce(l.next_doors AND s.time >= l.next_arrival, false) AS should_be_open
  FROM sensor s LEFT JOIN piece_leg l ON l.number = s.leg WHERE s.entity_type = 'bus';
CREATE OR REPLACE TEMP TABLE air AS
  WITH phase AS (
    SELECT number, since AS begins, CASE WHEN next_doors THEN next_arrival ELSE until END AS ends,
      CASE WHEN known THEN load END AS load, source, $closed AS rate FROM piece_leg WHERE source IS NOT NULL
    UNION ALL SELECT number, next_arrival, until, load, source, $open FROM piece_leg
    WHERE next_doors AND source IS NOT NULL),
  minute AS (
    SELECT row, time, before_time, unnest(generate_series(before_leg, leg)) AS number
    FROM sensor WHERE entity_type = 'bus' AND before_time IS NOT NULL AND of_piece),
  piece AS (
    SELECT m.row, p.begins, p.load, p.source, p.rate,
      p.rate * (epoch_ms(least(p.ends, m.time)) - epoch_ms(greatest(p.begins, m.before_time))) / 1000 AS x
    FROM minute m JOIN phase p USING (number) WHERE m.time > p.begins AND m.before_time < p.ends),
  later AS (
    SELECT *, coalesce(sum(x) OVER (PARTITION BY row ORDER BY begins
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS after FROM piece),
  balance AS (
    SELECT row, count(*) = count(load) AS known, exp(-sum(x)) AS remaining,
      sum((1 - exp(-x)) * load * source / rate * exp(-after)) AS added
    FROM later GROUP BY row)
  SELECT s.of_piece, s.entity_id AS bus_id, s.time, s.co2_level, b.known,
    $outdoor + (s.before_co2_level - $outdoor) * b.remaining + b.added AS expected
  FROM sensor s JOIN balance b USING (row);
CREATE OR REPLACE TEMP TABLE boarded AS
  SELECT stop_id, to_timestamp(ceil(epoch(time) / 60) * 60) AS time, sum(boarding) AS boarding,
    max(waiting) AS most_waiting, arg_max(line_id, (waiting, line_id)) AS most_waiting_line
  FROM visit WHERE time > $begins - INTERVAL 1 MINUTE AND time < $ends GROUP BY ALL;
CREATE OR REPLACE TEMP VIEW crowd AS
  SELECT p.*, coalesce(b.boarding, 0) AS visits_boarding, b.most_waiting, b.most_waiting_line,
    s.line_ids AS serving
  FROM people p LEFT JOIN boarded b USING (stop_id, time) LEFT JOIN stop s USING (stop_id);
"""
"""`$begins` and `$ends` bound the piece; the other parameters are the constants of the cabin air model."""
