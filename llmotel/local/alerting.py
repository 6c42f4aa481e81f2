"""Evaluates the rules as time goes by: what is pending, what fires, since when, and who is told."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import duckdb

from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.windows import Windows
from llmotel.errors import ConfigurationError
from llmotel.local import shapes
from llmotel.local.errors import LocalError, RequestError, StoreError
from llmotel.local.filters import Parameters, period
from llmotel.local.rules import RULES, Case, Moment, Rule
from llmotel.local.store import Reader, Store
from llmotel.local.writer import Writer

_log = logging.getLogger("llmotel.local")

EVERY = 15.0
WEBHOOK = "LLMOTEL_ALERT_WEBHOOK_URL"
_NS = 1_000_000_000
_POINTS = 150
_HISTORY = 50

Key = tuple[str, tuple[tuple[str, str], ...]]


class Active:
    """A group that meets a rule: since when, and since when it fires (nanoseconds)."""

    __slots__ = ("case", "firing_ns", "since_ns")

    def __init__(self, case: Case, since_ns: int) -> None:
        self.case = case
        self.since_ns = since_ns
        self.firing_ns: int | None = None


class Alerting:
    """Looks at ``store`` every 15 seconds. ``told`` is called with each alert that begins or ends to fire."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        *,
        environ: Mapping[str, str] | None = None,
        windows: Windows | None = None,
        zone: tzinfo | None = None,
        every: float = EVERY,
    ) -> None:
        environ = os.environ if environ is None else environ
        try:
            self.limits = Thresholds.load(environ, None)
        except ConfigurationError as error:
            raise LocalError(str(error)) from None
        self._store = store
        self._writer = writer
        self._windows = windows or Windows()
        self._zone = zone
        self._webhook = environ.get(WEBHOOK, "").strip()
        self._every = every
        self._active: dict[Key, Active] = {}
        self._latest: dict[str, list[Case]] = {}
        self._evaluated_ns: int | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.told: list[Callable[[dict[str, Any]], None]] = []

    def start(self) -> None:
        """Evaluates in a thread from now on."""
        self._thread = threading.Thread(target=self._run, name="llmotel-local-alerts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self.evaluate(time.time_ns())
            except StoreError:
                return
            except duckdb.Error as error:
                _log.error("alert rules cannot be evaluated: %s", str(error).splitlines()[0])

    def evaluate(self, now_ns: int) -> list[dict[str, Any]]:
        """Evaluates every rule as of ``now_ns``; the alerts that began or ended to fire."""
        changed: list[tuple[Rule, Active, str]] = []
        with self._store.reader() as reader, self._lock:
            at = Moment(reader, now_ns, self.limits, self._windows, self._zone)
            for rule in RULES:
                cases = rule.cases(at)
                self._latest[rule.name] = cases
                changed += self._step(rule, cases, now_ns)
            self._evaluated_ns = now_ns
        items = [self._item(rule, active, state) for rule, active, state in changed]
        if changed:
            rows = [[now_ns, rule.name, json.dumps(dict(active.case.labels)), state, active.case.value]
                    for rule, active, state in changed]  # fmt: skip
            self._writer.run(
                lambda connection: connection.executemany("INSERT INTO alert_history VALUES (?, ?, ?, ?, ?)", rows)
            ).result()
            self._tell(items, now_ns)
        return items

    def _step(self, rule: Rule, cases: list[Case], now_ns: int) -> list[tuple[Rule, Active, str]]:
        changed: list[tuple[Rule, Active, str]] = []
        met: set[Key] = set()
        for case in cases:
            if not case.fires:
                continue
            key: Key = (rule.name, tuple(sorted(case.labels.items())))
            met.add(key)
            active = self._active.setdefault(key, Active(case, now_ns))
            active.case = case
            if active.firing_ns is None and now_ns - active.since_ns >= rule.hold(self._windows) * _NS:
                active.firing_ns = now_ns
                changed.append((rule, active, "firing"))
        for key in [key for key in self._active if key[0] == rule.name and key not in met]:
            active = self._active.pop(key)
            if active.firing_ns is not None:
                changed.append((rule, active, "resolved"))
        return changed

    def _item(self, rule: Rule, active: Active | None, state: str, case: Case | None = None) -> dict[str, Any]:
        found = active.case if active is not None else case
        since = None if active is None else active.firing_ns or active.since_ns
        return {
            "name": rule.name,
            "state": state,
            "since": shapes.iso(since),
            "severity": rule.severity,
            "summary": None if found is None else rule.summary.format(value=found.value, threshold=found.threshold),
            "value": None if found is None else found.value,
            "threshold": None if found is None else found.threshold,
            "setting": rule.threshold,
            "unit": rule.unit,
            "hold_seconds": rule.hold(self._windows),
            "labels": {} if found is None else dict(found.labels),
        }

    def _tell(self, items: list[dict[str, Any]], now_ns: int) -> None:
        for item in items:
            level = logging.WARNING if item["state"] == "firing" else logging.INFO
            _log.log(level, "%s %s %s: %s", item["name"], item["state"], item["labels"], item["summary"])
            for told in self.told:
                told(item)
        if self._webhook:
            threading.Thread(target=self._post, args=(items, now_ns), daemon=True).start()

    def _post(self, items: list[dict[str, Any]], now_ns: int) -> None:
        body = json.dumps(webhook(items, now_ns)).encode()
        request = Request(self._webhook, body, {"Content-Type": "application/json"}, method="POST")
        reason = ""
        for attempt in range(4):
            try:
                with urlopen(request, timeout=10) as answer:
                    answer.read(65536)
                return
            except (URLError, OSError, ValueError) as error:
                reason = str(getattr(error, "reason", error))
                if self._ending.wait(2**attempt):
                    return
        _log.error("%s was not told of an alert: %s", WEBHOOK, reason)

    def state(self, reader: Reader) -> dict[str, Any]:
        """Every rule with its groups that meet it, or that it looked at last, and what has happened."""
        history: dict[str, list[dict[str, Any]]] = {}
        for moment, name, labels, state, value in reader.query(
            "SELECT time_ns, name, labels, state, value FROM alert_history ORDER BY time_ns DESC LIMIT 2000"
        ):
            entries = history.setdefault(name, [])
            if len(entries) < _HISTORY:
                entries.append(
                    {"time": shapes.iso(moment), "state": state, "value": value, "labels": json.loads(labels)}
                )
        items: list[dict[str, Any]] = []
        with self._lock:
            for rule in RULES:
                own = [active for key, active in self._active.items() if key[0] == rule.name]
                if own:
                    found = [
                        self._item(rule, active, "pending" if active.firing_ns is None else "firing") for active in own
                    ]
                else:
                    cases = self._latest.get(rule.name, [])
                    worst = max(cases, key=lambda case: case.value, default=None)
                    if rule.unit == "score" and rule.threshold == "grounding_minimum":
                        worst = min(cases, key=lambda case: case.value, default=None)
                    found = [self._item(rule, None, "inactive", worst)]
                items += [{**item, "history": history.get(rule.name, [])} for item in found]
            evaluated = self._evaluated_ns
        return {"items": items, "evaluated_at": shapes.iso(evaluated), "webhook": bool(self._webhook)}

    def tried(self, reader: Reader, given: Parameters, now_ns: int) -> dict[str, Any]:
        """What a rule would have done in the past with another threshold."""
        given.only("name", "threshold", "since", "from", "to", filters=False)
        rule = next((one for one in RULES if one.name == given.one("name")), None)
        if rule is None:
            raise RequestError(f"name: accepted is one of {', '.join(one.name for one in RULES)}", "name")
        limits = self.limits
        threshold = given.number("threshold")
        if threshold is not None:
            try:
                values = {**os.environ, f"LLMOTEL_ALERT_{rule.threshold.upper()}": f"{threshold:.15f}".rstrip("0")}
                limits = Thresholds.load(values, None)
            except ConfigurationError as error:
                raise RequestError(str(error), "threshold") from None
        start, end = period(given, now_ns, "24h")
        finish, begin = end or now_ns, start or 0
        oldest = reader.query("SELECT min(start_ns) FROM spans WHERE start_ns > 0")[0][0]
        begin = max(begin, oldest or begin)
        step = max((finish - begin) // _POINTS, 15 * _NS)
        times, values_, firing = [], [], []
        since: dict[Any, int] = {}
        fired: int | None = None
        moment = begin + step
        while moment <= finish:
            cases = rule.cases(Moment(reader, moment, limits, self._windows, self._zone))
            met = {tuple(sorted(case.labels.items())) for case in cases if case.fires}
            since = {key: since.get(key, moment) for key in met}
            active = any(moment - was >= rule.hold(self._windows) * _NS for was in since.values())
            if active and fired is None:
                fired = moment
            elif not active and fired is not None:
                firing.append({"from": shapes.iso(fired), "to": shapes.iso(moment)})
                fired = None
            times.append(shapes.iso(moment))
            lowest = rule.threshold == "grounding_minimum"
            found = [case.value for case in cases]
            values_.append((min if lowest else max)(found) if found else None)
            moment += step
        if fired is not None:
            firing.append({"from": shapes.iso(fired), "to": None})
        return {
            "name": rule.name,
            "setting": rule.threshold,
            "unit": rule.unit,
            "threshold": getattr(limits, rule.threshold),
            "step_seconds": step / _NS,
            "times": times,
            "values": values_,
            "firing": firing,
        }


def webhook(items: list[dict[str, Any]], now_ns: int) -> dict[str, Any]:
    """Alerts as Alertmanager's webhook has them (version 4)."""
    alerts = []
    for item in items:
        resolved = item["state"] == "resolved"
        alerts.append(
            {
                "status": "resolved" if resolved else "firing",
                "labels": {"alertname": item["name"], "severity": item["severity"], **item["labels"]},
                "annotations": {"summary": item["summary"]},
                "startsAt": item["since"],
                "endsAt": shapes.iso(now_ns) if resolved else "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": f"{hash((item['name'], tuple(sorted(item['labels'].items())))) & (1 << 64) - 1:016x}",
            }
        )
    firing = any(alert["status"] == "firing" for alert in alerts)
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "llmotel-local",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": alerts,
    }


__all__ = ["EVERY", "WEBHOOK", "Alerting", "webhook"]
