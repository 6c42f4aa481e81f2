"""The shell scripts that Prometheus and Alertmanager start with in containers: neither program reads its configuration
from the environment.

``sh start.sh DIRECTORY COMMAND...`` writes into ``DIRECTORY`` what the environment asks for, and then becomes
``COMMAND``; a wrong value is one line that names the variable, its value and what is accepted. POSIX sh with sed, awk
and cat is all they need: busybox has it. What they write is what :mod:`llmotel.alerts.files` writes.
"""

from __future__ import annotations

import math
import re

from llmotel.alerts import receivers
from llmotel.alerts.expressions import Names
from llmotel.alerts.rules import WRITTEN, groups, thresholds_yaml
from llmotel.alerts.thresholds import LINK_CHARACTERS, LINKS, NUMBER, PREFIX, THRESHOLDS, Thresholds, plain

_HEAD = f"""\
#!/bin/sh
{WRITTEN}#
# sh start.sh DIRECTORY COMMAND...  {{purpose}}
set -eu
directory=$1
shift
mkdir -p "$directory"

fail() {{{{
  echo "llmotel: $*" >&2
  exit 1
}}}}
"""


def prometheus(thresholds: Thresholds, names: Names) -> str:
    """The script that puts rules with the thresholds of the environment into ``DIRECTORY/rules``."""
    lines = [_HEAD.format(purpose="writes DIRECTORY/rules for the thresholds in the environment.")]
    lines.append(f"""\
# number VARIABLE VALUE LOW HIGH REACHES-LOW ACCEPTED
number() {{
  awk -v value="$2" -v low="$3" -v high="$4" -v reaches="$5" 'BEGIN {{
    gsub(/^[ \\t]+|[ \\t]+$/, "", value)
    number = value + 0
    if (value !~ /^{NUMBER}$/ || (high != "" && number >= high + 0)) exit 1
    if (reaches ? number < low + 0 : number <= low + 0) exit 1
    printf "%.15g", number
  }}' || fail "$1='$2': accepted is $6"
}}

# link VARIABLE VALUE ACCEPTED: fit for the right side of sed's s
link() {{
  case $2 in
    *[!{LINK_CHARACTERS.replace("&", chr(92) + "&")}]*) fail "$1='$2': accepted is $3" ;;
  esac
  printf %s "${{2%/}}" | sed 's/&/\\\\&/g'
}}
""")
    for threshold in THRESHOLDS:
        high = plain(threshold.high) if threshold.high < math.inf else ""
        value = plain(getattr(thresholds, threshold.name))
        lines.append(
            f"{threshold.name}=$(number {threshold.variable} \"${{{threshold.variable}:-{value}}}\" "
            f"{plain(threshold.low)} '{high}' {int(threshold.reaches_low)} '{threshold.accepted}')"
        )  # fmt: skip
    lines.append(f"""\
awk "BEGIN {{ exit !($grounding_target >= $grounding_minimum) }}" ||
  fail "{PREFIX}GROUNDING_TARGET='$grounding_target': accepted is a number that is not below \\
{PREFIX}GROUNDING_MINIMUM, which is $grounding_minimum\"""")
    for link in LINKS:
        value = getattr(thresholds, link.name)
        lines.append(f"{link.name}=$(link {link.variable} \"${{{link.variable}:-{value}}}\" '{link.accepted}')")
    written = thresholds_yaml({threshold.name: f"${threshold.name}" for threshold in THRESHOLDS})
    subjects = " ".join(group.name for group in groups(names))
    lines.append(f"""
mkdir -p "$directory/rules"
cat > "$directory/rules/thresholds.yaml" <<END
{written}END
for subject in {subjects}; do
  sed -e "s|{_literal(thresholds.grafana_url)}/d/|$grafana_url/d/|" \\
    -e "s|{_literal(thresholds.runbook_url)}/\\([a-z]*[.]md#\\)|$runbook_url/\\1|" \\
    "${{0%/*}}/rules/$subject.yaml" > "$directory/rules/$subject.yaml"
done
exec "$@"
""")
    return "\n".join(lines)


def _literal(text: str) -> str:
    """``text`` as sed's basic regular expressions match it, in a shell's double quotes."""
    return re.sub(r"[.*\[\]^]", lambda match: f"[{match[0]}]" if match[0] != "^" else "\\\\^", text)


def alertmanager() -> str:
    """The script that writes ``DIRECTORY/alertmanager.yml`` for the receivers of the environment."""
    lines = [
        _HEAD.format(purpose="writes DIRECTORY/alertmanager.yml for the receivers in the environment.").replace(
            "set -eu\n", "set -eu\numask 077\n"
        )
    ]
    lines.append("""\
quoted() {
  printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}

trimmed() {
  printf %s "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//'
}

# secret NAME VARIABLE VALUE FILE: the file that holds it, if there is one
secret() {
  if [ -n "$3" ]; then
    mkdir -p "$directory/secrets"
    printf %s "$3" > "$directory/secrets/$1"
    printf %s "secrets/$1"
  elif [ -n "$4" ]; then
    [ -r "$4" ] || fail "$2_FILE='$4': no file that can be read"
    printf %s "$4"
  fi
}
""")
    for entry in receivers.VARIABLES:
        value = f'$(trimmed "${{{entry.variable}:-{entry.default}}}")'
        if entry.patterns:
            shown = "" if entry.secret else f"='{value}'"
            lines.append(f"""\
case {value} in
  '' | {" | ".join(entry.patterns)}) ;;
  *) fail "{entry.variable}{shown}: accepted is {entry.accepted}" ;;
esac""")
        if entry.secret:
            value = f'$(secret {entry.name} {entry.variable} "{value}" "${{{entry.variable}_FILE:-}}")'
        lines.append(f"{entry.name}={value}")
    lines.append(f"""\
case $email_tls in
  true | false) ;;
  *) fail "{PREFIX}EMAIL_TLS='$email_tls': accepted is true or false" ;;
esac""")
    for name, needs in receivers.NEEDS.items():
        lines += [
            f'[ -z "${name}" ] || [ -n "${other}" ] ||\n'
            f'  fail "{PREFIX}{name.upper()} needs {PREFIX}{other.upper()}, which is not set"'
            for other in needs
        ]  # fmt: skip
    lines.append('''
# receiver NAME: with what is set, PagerDuty for critical alerts alone
receiver() {
  echo "  - name: $1"''')
    for piece in receivers.PIECES:
        conditions = [f'[ -n "${name}" ]' for name in piece.needs]
        if piece.critical_only:
            conditions.append('[ "$1" = critical ]')
        text = re.sub("<([a-z_]+)>", _expanded, piece.text)
        lines.append(f"  if {' && '.join(conditions)}; then\n    cat <<END\n{text}END\n  fi")
    lines.append("}\n\n{\n  cat <<'END'\n" + WRITTEN + receivers.ROUTES + "END")
    lines += [f"  receiver {severity}" for severity in receivers.SEVERITIES]
    lines.append('} > "$directory/alertmanager.yml" || fail "$directory: cannot be written"\nexec "$@"\n')
    return "\n".join(lines)


def _expanded(match: re.Match[str]) -> str:
    return f"${match[1]}" if match[1] == "email_tls" else f'$(quoted "${match[1]}")'


__all__ = ["alertmanager", "prometheus"]
