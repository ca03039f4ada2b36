"""Tells when the step `evaluate` of flight-delays has completed. Needs a Kafka client only: pip install kafka-python

    python notify.py --brokers 127.0.0.1:9092 --env production [--group notify] [--from-beginning]

What the events look like is said in flight-delays.asyncapi.json; what was told already is in <group>.sqlite.
"""

import argparse
import json
import pathlib
import re
import signal
import sqlite3

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer
from kafka.errors import CommitFailedError, MessageSizeTooLargeError

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--brokers", required=True, help="host:port, ...")
parser.add_argument("--env", required=True, help="the environment, such as production")
parser.add_argument("--group", default="notify", help="its consumers share the events, and go on where they stopped")
parser.add_argument("--from-beginning", action="store_true", help="hear everything that is still there once more")
options = parser.parse_args()

CONTRACT = json.loads((pathlib.Path(__file__).parent / "flight-delays.asyncapi.json").read_text())
CHANNEL = CONTRACT["channels"]["events"]
MESSAGE = CHANNEL["messages"]["evaluate.completed"]
TOPIC = CHANNEL["address"].format(env=options.env)
TYPES = {"object": dict, "array": list, "string": str, "integer": int}
GROUP = f"{options.group}.evaluate.completed"


# Anyone who may write to the topic can send anything: each header may be missing, there twice, or no text.


def values_of(message, name):
    return [value for header, value in message.headers if header == name]


def is_wanted(message):
    is_for_others = any(group != GROUP.encode() for group in values_of(message, "cairn_for"))  # a replay
    is_of = b"cairn.completed" in values_of(message, "ce_type") and b"evaluate" in values_of(message, "cairn_step")
    return is_of and not is_for_others


def text_of(message, name):
    found = values_of(message, name)
    if len(found) != 1 or found[0] is None:
        raise ValueError(f"the message has {len(found)} headers {name}")
    return found[0].decode()  # a UnicodeDecodeError is a ValueError


def faults(schema, value, at):
    """Where a value is not what its JSON Schema promises, as far as types, constants and required fields go."""
    if "const" in schema and value != schema["const"]:
        return [f"{at} is {value!r}, not {schema['const']!r}"]
    if "type" in schema and (not isinstance(value, TYPES[schema["type"]]) or isinstance(value, bool)):
        return [f"{at} is no {schema['type']}"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{at} is not like {schema['pattern']}"]
    if not isinstance(value, dict):
        return []
    found = [f"{at} has no {name}" for name in schema.get("required", []) if name not in value]
    for name, part in schema.get("properties", {}).items():
        if name in value:
            found += faults(part, value[name], f"{at}.{name}")
    return found


def read(message):
    """The event's id and data. Raises ValueError when it is not as the contract says."""
    headers = {name: text_of(message, name) for name in MESSAGE["headers"]["required"]}
    try:
        data = json.loads(message.value or b"")
    except RecursionError:
        raise ValueError("the message is nested too deeply") from None
    found = faults(MESSAGE["headers"], headers, "headers") + faults(MESSAGE["payload"], data, "data")
    if found:
        raise ValueError("; ".join(found))
    for name in ("env", "pipeline", "run", "step"):
        if headers[f"cairn_{name}"] != data.get(name):
            raise ValueError(f"the header cairn_{name} is not the {name} of the data")
    if headers["ce_id"] != f"{data['run']}/{data['node']}/completed" or not re.fullmatch(r"[\w./-]+", headers["ce_id"], re.A):
        raise ValueError("ce_id is not the id of what the message tells")
    return headers["ce_id"], data


def tell(event_id, data):
    print(event_id, data["outputs"]["metrics"]["digest"], flush=True)


class Rewind(ConsumerRebalanceListener):
    """Begins anew with each partition that this consumer is given for the first time."""

    rewound = set()

    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        for partition in set(assigned) - self.rewound:
            consumer.seek_to_beginning(partition)
            self.rewound.add(partition)


seen = sqlite3.connect(f"{options.group}.sqlite")
seen.execute("create table if not exists seen (id text primary key)")
brokers = options.brokers.split(",")
producer = KafkaProducer(bootstrap_servers=brokers)
consumer = KafkaConsumer(
    bootstrap_servers=brokers,
    group_id=f"{TOPIC}.{GROUP}",
    enable_auto_commit=False,
    auto_offset_reset="earliest" if options.from_beginning else "latest",
)
consumer.subscribe([TOPIC], listener=Rewind() if options.from_beginning else None)


def handle(message):
    if not is_wanted(message):
        return
    try:
        event_id, data = read(message)
    except ValueError as error:
        return bury(message, str(error))
    with seen:  # one transaction: the event is seen once it has been told
        if seen.execute("insert or ignore into seen values (?)", [event_id]).rowcount == 1:
            tell(event_id, data)


def bury(message, why):
    key = f"{TOPIC}-{message.partition}-{message.offset}".encode()
    added = {
        "cairn_dead_key": (message.key or b"")[:500],
        "cairn_dead_group": GROUP.encode(),
        "cairn_dead_topic": TOPIC.encode(),
        "cairn_dead_partition": str(message.partition).encode(),
        "cairn_dead_offset": str(message.offset).encode(),
        "cairn_error_code": b"BAD_RECORD",
        "cairn_error_message": why[:1000].encode(errors="replace"),
    }
    headers = [(name, value or b"") for name, value in message.headers]
    try:
        send(key, message.value or b"", [*headers, *added.items()])
    except MessageSizeTooLargeError:
        send(key, (message.value or b"")[:100_000], [*added.items()])


def send(key, value, headers):
    producer.send(f"{TOPIC}.dead", key=key, value=value, headers=headers).get(timeout=30)


is_stopping = False


def stop(*_):
    global is_stopping
    is_stopping = True


signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
while not is_stopping:
    fetched = consumer.poll(timeout_ms=500)
    for messages in fetched.values():
        for message in messages:
            handle(message)
    if fetched:
        try:
            consumer.commit()  # only now: what was not handled comes again
        except CommitFailedError:
            pass  # another consumer of the group has these events now, and finds in its own way that they were told
consumer.close()
producer.close()
