"""Writes columns of every type as Parquet and as Arrow, and what they hold as JSON: pip install pyarrow==26.0.1; python make.py

Whole numbers, decimals, floats and times are written as text, which holds them exactly.
"""

import datetime as dt
import decimal
import json
import math
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

D = decimal.Decimal
UTC = dt.timezone.utc
NOON = dt.datetime(2001, 7, 3, 12, 0, 0, 123000)
COLUMNS = {
    "bool": pa.array([True, False, None]),
    "int8": pa.array([-128, 127, None], pa.int8()),
    "int16": pa.array([-32768, 32767, None], pa.int16()),
    "int32": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
    "int64": pa.array([-(2**53) + 1, 2**53 - 1, None], pa.int64()),
    "int64_large": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
    "uint8": pa.array([0, 255, None], pa.uint8()),
    "uint16": pa.array([0, 65535, None], pa.uint16()),
    "uint32": pa.array([0, 2**32 - 1, None], pa.uint32()),
    "uint64": pa.array([0, 2**53 - 1, None], pa.uint64()),
    "uint64_large": pa.array([0, 2**64 - 1, None], pa.uint64()),
    "float16": pa.array([1.5, 65504.0, None], pa.float16()),
    "float32": pa.array([0.1, 3.4028234663852886e38, None], pa.float32()),
    "float64": pa.array([0.1, -0.0, None], pa.float64()),
    "float64_smallest": pa.array([5e-324, 1.7976931348623157e308, None], pa.float64()),
    "float64_special": pa.array([math.nan, -math.inf, None], pa.float64()),
    "decimal": pa.array([D("0.10"), D("-1234567890123.45"), None], pa.decimal128(15, 2)),
    "decimal_large": pa.array([D("0.10"), D("12345678901234567.89"), None], pa.decimal128(19, 2)),
    "decimal_wide": pa.array([D("1.5"), D("0.1"), None], pa.decimal128(38, 20)),
    "decimal256": pa.array([D("1.5"), D("0.1"), None], pa.decimal256(60, 20)),
    "string": pa.array(["", "é😀\x01", None]),
    "large_string": pa.array(["", "x", None], pa.large_string()),
    "category": pa.array(["a", "b", None]).dictionary_encode(),
    "binary": pa.array([b"", b"\x00\xff", None]),
    "fixed_binary": pa.array([b"ab", b"\x00\xff", None], pa.binary(2)),
    "uuid": pa.array([uuid.UUID(int=1).bytes, uuid.UUID(int=2**128 - 1).bytes, None], pa.uuid()),
    "date32": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pa.date32()),
    "date64": pa.array([dt.date(1969, 12, 31), dt.date(2001, 7, 3), None], pa.date64()),
    "time32": pa.array([dt.time(0, 0), dt.time(23, 59, 59, 999000), None], pa.time32("ms")),
    "time64": pa.array([dt.time(0, 0), dt.time(23, 59, 59, 999999), None], pa.time64("us")),
    "timestamp_s": pa.array([dt.datetime(1969, 12, 31, 23, 59, 59), dt.datetime(2001, 7, 3), None], pa.timestamp("s")),
    "timestamp_ms": pa.array([NOON, dt.datetime(1, 1, 1), None], pa.timestamp("ms")),
    "timestamp_us": pa.array([NOON, dt.datetime(1969, 12, 31, 23, 59, 59, 999000), None], pa.timestamp("us")),
    "timestamp_us_fraction": pa.array([NOON, dt.datetime(2001, 7, 3, 12, 0, 0, 1), None], pa.timestamp("us")),
    "timestamp_ns": pa.array([994161600123000000, -1000000, None], pa.timestamp("ns")),
    "timestamp_ns_fraction": pa.array([994161600123000000, 994161600123000001, None], pa.timestamp("ns")),
    "timestamp_zone": pa.array([NOON.replace(tzinfo=UTC), dt.datetime(1970, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "Europe/Paris")),
    "list": pa.array([[1, None], [], None], pa.list_(pa.int32())),
    "list_large": pa.array([[1], [2**63 - 1], None], pa.list_(pa.int64())),
    "list_special": pa.array([[1.5], [math.nan], None], pa.list_(pa.float64())),
    "struct": pa.array([{"b": 1, "1": "x"}, {"b": None, "1": ""}, None], pa.struct([("b", pa.int8()), ("1", pa.string())])),
    "nested": pa.array([[{"a": [1]}], [{"a": None}], None], pa.list_(pa.struct([("a", pa.list_(pa.int8()))]))),
    "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int32())),
    "nothing": pa.nulls(3),
    "duration": pa.array([0, 1, None], pa.duration("ms")),
}
ALONE = ["duration", "decimal256"]  # Parquet has no durations; a wide decimal is refused with its file


def plain(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (bytes, uuid.UUID)):
        return value.hex() if isinstance(value, bytes) else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return naive.isoformat(timespec="microseconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(held) for held in value]
    return str(value)


def values(name, array):
    if name.startswith("timestamp_ns"):
        return [None if value is None else str(value) for value in array.cast(pa.int64()).to_pylist()]
    return [plain(value) for value in array.to_pylist()]


table = pa.table(COLUMNS)
pq.write_table(table.drop_columns(ALONE), "types.parquet", version="2.6")
pq.write_table(table.select(["decimal256"]), "decimal256.parquet", version="2.6")
with pa.ipc.new_stream("types.arrow", table.schema) as stream:
    stream.write_table(table)
held = {name: {"type": str(array.type), "values": values(name, array)} for name, array in COLUMNS.items()}
with open("types.json", "w") as file:
    json.dump(held, file, indent=2, ensure_ascii=True)
    file.write("\n")
