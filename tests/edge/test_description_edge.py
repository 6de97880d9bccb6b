"""/openapi.json: the description of every path, and that it is what the paths are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support import described
from tests.support.edge import MALFORMED_REQUEST, OK, EdgeCase
from tests.support.http import H1Client
from webcam import __version__, errors
from webcam.api import pictures
from webcam.api.description import description
from webcam.api.ingest import MAX_DELTA, MAX_KEEP
from webcam.api.messages import MAX_WAIT
from webcam.api.pages import MAX_PAGE
from webcam.api.tree import ENDPOINTS
from webcam.errors import ReplyCode
from webcam.model import SETTING_KINDS
from webcam.wire import fields
from webcam.wire.requests import MAX_ID, MAX_META

PATH = "/openapi.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


class ServedTests(EdgeCase):
    """To everybody, over both versions of HTTP."""

    def each(self):
        """A client of each."""
        return self.client, self.connect(H1Client)

    def test_it_is_the_document(self) -> None:
        self.assertEqual(description(), DOCUMENT.read_bytes())
        for client in self.each():
            answer = client.fetch("GET", PATH)
            self.assertEqual((answer.status, answer.body), (200, DOCUMENT.read_bytes()))
            self.assertEqual(answer.header("content-type"), "application/json")
            self.assertEqual(answer.header("content-length"), str(len(answer.body)))
            self.assertEqual(answer.header("cache-control"), "no-cache")

    def test_head(self) -> None:
        for client in self.each():
            whole, head = client.fetch("GET", PATH), client.fetch("HEAD", PATH)
            self.assertEqual((head.status, head.body, head.ended), (200, b"", True))
            for name in ("content-type", "content-length", "etag", "cache-control"):
                self.assertEqual(head.header(name), whole.header(name))

    def test_who_has_it_gets_no_body(self) -> None:
        for client in self.each():
            etag = client.fetch("GET", PATH).header("etag")
            for method in ("GET", "HEAD"):
                answer = client.fetch(method, PATH, headers=[("if-none-match", etag)])
                self.assertEqual((answer.status, answer.body, answer.ended), (304, b"", True))
                self.assertEqual((answer.header("etag"), answer.header("cache-control")), (etag, "no-cache"))
            self.assertEqual(client.fetch("GET", PATH, headers=[("if-none-match", '"another"')]).status, 200)

    def test_other_methods(self) -> None:
        for client in self.each():
            for method in ("POST", "PUT", "DELETE"):
                answer = client.fetch(method, PATH)
                self.refused(answer, MALFORMED_REQUEST, status=405)
                self.assertEqual(answer.header("allow"), "GET, HEAD, OPTIONS")
            answer = client.fetch("OPTIONS", PATH)
            self.assertEqual((answer.status, answer.json()), (200, OK))
            self.assertEqual(answer.header("allow"), "GET, HEAD, OPTIONS")


class DescribedTests(SynchronousTestCase):
    """What it says is what the tree has, and what the protocol's constants are. That the answers are those that it
    describes is checked behind every test of the edge, and by tests.fuzz."""

    document = described.DOCUMENT
    schemas = document["components"]["schemas"]

    def test_every_path_and_method_and_no_other(self) -> None:
        """Of all endpoints."""
        self.assertEqual(
            set(described.operations()), {(method, f"/{each.path}") for each in ENDPOINTS for method in each.methods}
        )

    def test_version(self) -> None:
        self.assertEqual(self.document["info"]["version"], __version__)

    def test_spellings(self) -> None:
        """Every parameter is one of the protocol's keys, and every key is there."""
        keys = {value for name, value in vars(fields).items() if name.isupper()}
        named = {each["name"] for each in self.document["components"]["parameters"].values() if each["in"] == "query"}
        self.assertEqual(named - keys, set())
        found = named | {name for each in _objects(self.document) for name in each.get("properties", {})}
        paths, values = {each.path for each in ENDPOINTS}, {fields.OK, fields.BAD, fields.SYNC}
        values |= {name for each in _objects(self.document) for name in each.get("x-events", {})}
        self.assertEqual(found, keys - paths - values)

    def test_body_and_query_take_the_same(self) -> None:
        """Parameters of a JSON body are those of the query."""
        for asked, operation in described.operations().items():
            parameters = [described.resolved(each) for each in operation["parameters"]]
            query = {each["name"] for each in parameters if each["in"] == "query"}
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                self.assertEqual(set(content["application/json"]["schema"]["properties"]), query, asked)
            self.assertLessEqual({name for names in operation["x-required"] for name in names}, query, asked)

    def test_what_is_required_is(self) -> None:
        """As the guard has it: the endpoints that need a session require its token."""
        for endpoint in ENDPOINTS:
            for method in endpoint.methods:
                required = described.operations()[method, f"/{endpoint.path}"]["x-required"]
                self.assertEqual([fields.TOKEN] in required, endpoint.needs.name == "CHARGED", endpoint.path)

    def test_codes(self) -> None:
        """Bad answers have codes that the server sends, and each of these is in one."""
        bad = [each for each in self.schemas.values() if _is_bad(each)]
        codes = {code for each in bad for code in each["properties"]["code"]["enum"]}
        never = {ReplyCode.NO_ERROR, ReplyCode.UNSPECIFIED, ReplyCode.NO_DEVICES_ONLINE}
        self.assertEqual(codes, set(ReplyCode) - never)
        for each in bad:
            for code, name in re.findall(r"(\d+) ([A-Z_]+)", each["description"]):
                self.assertEqual(ReplyCode(int(code)).name, name)
                self.assertIn(int(code), each["properties"]["code"]["enum"])

    def test_statuses(self) -> None:
        """Every status of a failure is described."""
        statuses = {status for each in described.operations().values() for status in each["responses"]}
        failures = [each for each in vars(errors).values() if isinstance(each, type)]
        wanted = {str(each.status) for each in failures if issubclass(each, errors.Failure)}
        wanted |= {str(each) for each in pictures.STATUSES.values()}
        self.assertEqual(statuses | {"405"}, wanted | {"200", "206", "304"})

    def test_settings(self) -> None:
        """Kinds with their bounds."""
        found = {
            each["properties"]["kind"]["const"]: (
                each["title"],
                *(each["properties"]["fv"][name] for name in ("minimum", "maximum", "default")),
            )
            for each in self.schemas["SettingChange"]["oneOf"]
        }
        wanted = {
            kind: (each.description, each.minimum, each.maximum, each.default) for kind, each in SETTING_KINDS.items()
        }
        self.assertEqual(found, wanted)

    def test_bounds(self) -> None:
        """Those of the body, and the same in the query."""
        parameters = {
            name: each["schema"] for name, each in self.document["components"]["parameters"].items() if "schema" in each
        }
        bounds = {"limit": MAX_PAGE, "rid": MAX_ID, "delta": MAX_DELTA, "wait": MAX_WAIT, "keep": MAX_KEEP}
        for name, bound in {**bounds, "cache": pictures.MAX_CACHE}.items():
            self.assertEqual(parameters[name]["maximum"], bound)
        self.assertEqual(self.schemas["Wait"]["anyOf"][0]["maximum"], MAX_WAIT)
        self.assertEqual(self.schemas["Cache"]["anyOf"][0]["maximum"], pictures.MAX_CACHE)
        self.assertEqual(self.schemas["Id"]["anyOf"][0]["maximum"], MAX_ID)
        self.assertEqual(self.schemas["Limit"]["anyOf"][0]["maximum"], MAX_PAGE)
        self.assertEqual(self.schemas["RecordIds"]["items"]["anyOf"][0]["maximum"], MAX_ID)
        for each in (
            parameters["deviceMeta"],
            parameters["recordMeta"],
            self.schemas["DeviceMeta"],
            self.schemas["RecordMeta"],
        ):
            self.assertEqual(each["maxLength"], MAX_META)

    def test_examples(self) -> None:
        """Each is what its schema takes."""
        for asked, operation in described.operations().items():
            for each in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in each:
                    self.assertTrue(described.validator(json.dumps(each["schema"])).is_valid(each["example"]), asked)

    def test_every_reference_stands_for_something(self) -> None:
        for each in _objects(self.document):
            if "$ref" in each:
                self.assertIsInstance(described.resolved(each), dict)


def _is_bad(schema: dict[str, Any]) -> bool:
    return bool(schema.get("properties", {}).get("result", {}).get("const") == fields.BAD)


def _objects(value: Any) -> list[dict[str, Any]]:
    """Every object of the document, however deep."""
    if isinstance(value, list):
        return [found for each in value for found in _objects(each)]
    if not isinstance(value, dict):
        return []
    return [value, *(found for each in value.values() for found in _objects(each))]
