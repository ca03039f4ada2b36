"""Tells when the step `evaluate` of flight-delays has completed. Needs a Kafka client only: pip install kafka-python

    python notify.py --brokers 127.0.0.1:9092 --env production [--group notify] [--from-beginning]

What the events look like is said in flight-delays.asyncapi.json; what was told already is in <group>.sqlite.
"""

import argparse
import json
import pathlib
import signal
import sqlite3

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer
from kafka.errors import CommitFailedError

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


def is_wanted(headers):
    return headers.get("ce_type") == "cairn.completed" and headers.get("cairn_step") == "evaluate"


def faults(schema, value, at):
    """Where a value is not what its JSON Schema promises, as far as types, constants and required fields go."""
    if "const" in schema and value != schema["const"]:
        return [f"{at} is {value!r}, not {schema['const']!r}"]
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return [f"{at} is no {schema['type']}"]
    if not isinstance(value, dict):
        return []
    found = [f"{at} has no {name}" for name in schema.get("required", []) if name not in value]
    for name, part in schema.get("properties", {}).items():
        if name in value:
            found += faults(part, value[name], f"{at}.{name}")
    return found


def read(message, headers):
    """The event's data. Raises ValueError when it is not as the contract says."""
    data = json.loads(message.value)
    found = faults(MESSAGE["headers"], headers, "headers") + faults(MESSAGE["payload"], data, "data")
    if found:
        raise ValueError("; ".join(found))
    return data


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
    group_id=f"{TOPIC}.{options.group}.evaluate.completed",
    enable_auto_commit=False,
    auto_offset_reset="earliest" if options.from_beginning else "latest",
)
consumer.subscribe([TOPIC], listener=Rewind() if options.from_beginning else None)


def handle(message):
    headers = {name: value.decode() for name, value in message.headers}
    if not is_wanted(headers):
        return
    try:
        data = read(message, headers)
    except ValueError as error:
        return bury(message, str(error))
    with seen:  # one transaction: the event is seen once it has been told
        if seen.execute("insert or ignore into seen values (?)", [headers["ce_id"]]).rowcount == 1:
            tell(headers["ce_id"], data)


def bury(message, why):
    key = f"{TOPIC}-{message.partition}-{message.offset}".encode()
    told = [("cairn_dead_group", options.group.encode()), ("cairn_error_message", why.encode())]
    producer.send(f"{TOPIC}.dead", key=key, value=message.value, headers=[*message.headers, *told]).get(timeout=30)


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
