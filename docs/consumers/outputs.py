"""Lists the outputs of a run, or prints the bytes of one. Needs an S3 client only: pip install boto3

    python outputs.py --connection .cairn/stack/connection.json flight-delays 20260101-120000-abcde
    python outputs.py --connection .cairn/stack/connection.json flight-delays 20260101-120000-abcde evaluate metrics

What the records look like is said in records.md.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import sys

import boto3
from botocore.config import Config

RECORD_VERSION = 1

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--connection", required=True, help="the connection file: where the store is, and the environment")
parser.add_argument("pipeline")
parser.add_argument("run")
parser.add_argument("place", nargs="?", help="a node; inside an `each`, `/` and the item: score/3")
parser.add_argument("output", nargs="?")
options = parser.parse_args()

CONNECTION = json.loads(pathlib.Path(options.connection).read_text())
S3 = CONNECTION["s3"]
ROOT = f"{CONNECTION['env']}/{options.pipeline}"
client = boto3.client(
    "s3",
    endpoint_url=S3["endpoint"],
    aws_access_key_id=S3["accessKey"],
    aws_secret_access_key=S3["secretKey"],
    aws_session_token=S3.get("sessionToken"),
    region_name=S3.get("region", "us-east-1"),
    config=Config(s3={"addressing_style": "path"}),
)


def get(path):
    return client.get_object(Bucket=S3["bucket"], Key=path)["Body"].read()


def read(path):
    record = json.loads(get(path))
    if record["v"] > RECORD_VERSION:
        raise ValueError(f"{path} has version {record['v']}; this program knows up to {RECORD_VERSION}")
    return record


def bytes_of(artifact):
    digest = artifact["digest"]
    if "text" in artifact:
        content = artifact["text"].encode()
    elif "base64" in artifact:
        content = base64.b64decode(artifact["base64"])
    elif re.fullmatch("[0-9a-f]{64}", digest):
        content = get(f"{ROOT}/objects/{digest[:2]}/{digest}")
    else:
        raise ValueError(f"{digest} is not a SHA-256")
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"the bytes of {digest} are damaged")
    return content


def ends():
    """The terminal record of each task, by the name of its file: `<node>` or `<node>@<batch>`."""
    folder = f"{ROOT}/runs/{options.run}/ends/"
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=S3["bucket"], Prefix=folder):
        for found in page.get("Contents", []):
            yield found["Key"].removeprefix(folder), read(found["Key"])


def place_of(plan, task, index):
    """The node, and inside an `each` the item: a batch has several, each with an index in its record."""
    node, _, batch = task.partition("@")
    if not batch:
        return node
    each = plan["nodes"][plan["nodes"][node]["scope"][-1]]
    *outer, last = batch.split(".")
    return "/".join([node, ".".join([*outer, str(int(last) * each["batch"] + index)])])


def outputs():
    """Place, name and artifact of each output of the run."""
    plan = read(f"{ROOT}/runs/{options.run}/plan")
    for task, end in ends():
        for index, outcome in enumerate(end["items"]):
            for name, artifact in outcome.get("outputs", {}).items():
                yield place_of(plan, task, index), name, artifact


found = False
for place, name, artifact in outputs():
    if (options.place or place) != place or (options.output or name) != name:
        continue
    found = True
    if options.output:
        sys.stdout.buffer.write(bytes_of(artifact))
    else:
        print(place, name, artifact["digest"], artifact["size"])
if not found:
    sys.exit(f"run {options.run} of {options.pipeline} has no such output")
