#!/bin/sh
# Written by llmotel alerts render: what is changed here by hand is lost with the next.
#
# sh start.sh DIRECTORY COMMAND...  writes DIRECTORY/rules for the thresholds in the environment.
set -eu
directory=$1
shift
mkdir -p "$directory"

fail() {
  echo "llmotel: $*" >&2
  exit 1
}

# number VARIABLE VALUE LOW HIGH REACHES-LOW ACCEPTED
number() {
  awk -v value="$2" -v low="$3" -v high="$4" -v reaches="$5" 'BEGIN {
    gsub(/^[ \t]+|[ \t]+$/, "", value)
    number = value + 0
    if (value !~ /^([0-9]+[.]?[0-9]*|[.][0-9]+)$/ || (high != "" && number >= high + 0)) exit 1
    if (reaches ? number < low + 0 : number <= low + 0) exit 1
    printf "%.15g", number
  }' || fail "$1='$2': accepted is $6"
}

# link VARIABLE VALUE ACCEPTED: fit for the right side of sed's s
link() {
  case $2 in
    *[!A-Za-z0-9:/._~%?=\&@+,#-]*) fail "$1='$2': accepted is $3" ;;
  esac
  printf %s "${2%/}" | sed 's/&/\\&/g'
}

error_ratio=$(number LLMOTEL_ALERT_ERROR_RATIO "${LLMOTEL_ALERT_ERROR_RATIO:-0.05}" 0 '1' 0 'a number above 0 and below 1')
p99_seconds=$(number LLMOTEL_ALERT_P99_SECONDS "${LLMOTEL_ALERT_P99_SECONDS:-30}" 0.01 '120' 0 'a number above 0.01 and below 120')
minimum_calls=$(number LLMOTEL_ALERT_MINIMUM_CALLS "${LLMOTEL_ALERT_MINIMUM_CALLS:-20}" 1 '' 1 'a number 1 or more')
slo_objective=$(number LLMOTEL_ALERT_SLO_OBJECTIVE "${LLMOTEL_ALERT_SLO_OBJECTIVE:-0.99}" 0.94 '1' 0 'a number above 0.94 and below 1')
daily_budget_usd=$(number LLMOTEL_ALERT_DAILY_BUDGET_USD "${LLMOTEL_ALERT_DAILY_BUDGET_USD:-100}" 0 '' 0 'a number above 0')
budget_factor=$(number LLMOTEL_ALERT_BUDGET_FACTOR "${LLMOTEL_ALERT_BUDGET_FACTOR:-1.1}" 0 '' 0 'a number above 0')
monthly_budget_usd=$(number LLMOTEL_ALERT_MONTHLY_BUDGET_USD "${LLMOTEL_ALERT_MONTHLY_BUDGET_USD:-0}" 0 '' 1 'a number 0 or more')
unpriced_ratio=$(number LLMOTEL_ALERT_UNPRICED_RATIO "${LLMOTEL_ALERT_UNPRICED_RATIO:-0.01}" 0 '1' 0 'a number above 0 and below 1')
grounding_minimum=$(number LLMOTEL_ALERT_GROUNDING_MINIMUM "${LLMOTEL_ALERT_GROUNDING_MINIMUM:-0.7}" 0 '1' 0 'a number above 0 and below 1')
grounding_target=$(number LLMOTEL_ALERT_GROUNDING_TARGET "${LLMOTEL_ALERT_GROUNDING_TARGET:-0.8}" 0 '1' 0 'a number above 0 and below 1')
latency_regression=$(number LLMOTEL_ALERT_LATENCY_REGRESSION "${LLMOTEL_ALERT_LATENCY_REGRESSION:-1.5}" 1 '' 0 'a number above 1')
grounding_regression=$(number LLMOTEL_ALERT_GROUNDING_REGRESSION "${LLMOTEL_ALERT_GROUNDING_REGRESSION:-0.1}" 0 '1' 0 'a number above 0 and below 1')
lost_records=$(number LLMOTEL_ALERT_LOST_RECORDS "${LLMOTEL_ALERT_LOST_RECORDS:-0}" 0 '' 1 'a number 0 or more')
queue_ratio=$(number LLMOTEL_ALERT_QUEUE_RATIO "${LLMOTEL_ALERT_QUEUE_RATIO:-0.8}" 0 '1' 0 'a number above 0 and below 1')
awk "BEGIN { exit !($grounding_target >= $grounding_minimum) }" ||
  fail "LLMOTEL_ALERT_GROUNDING_TARGET='$grounding_target': accepted is a number that is not below \
LLMOTEL_ALERT_GROUNDING_MINIMUM, which is $grounding_minimum"
grafana_url=$(link LLMOTEL_ALERT_GRAFANA_URL "${LLMOTEL_ALERT_GRAFANA_URL:-http://localhost:3000}" 'a URL')
runbook_url=$(link LLMOTEL_ALERT_RUNBOOK_URL "${LLMOTEL_ALERT_RUNBOOK_URL:-docs/runbooks}" 'a URL or a path')

mkdir -p "$directory/rules"
cat > "$directory/rules/thresholds.yaml" <<END
# Written by llmotel alerts render: what is changed here by hand is lost with the next.
groups:
  - name: llmotel-thresholds
    rules:
      - record: llmotel:threshold:error_ratio
        expr: "vector($error_ratio)"
      - record: llmotel:threshold:p99_seconds
        expr: "vector($p99_seconds)"
      - record: llmotel:threshold:minimum_calls
        expr: "vector($minimum_calls)"
      - record: llmotel:threshold:slo_objective
        expr: "vector($slo_objective)"
      - record: llmotel:threshold:daily_budget_usd
        expr: "vector($daily_budget_usd)"
      - record: llmotel:threshold:budget_factor
        expr: "vector($budget_factor)"
      - record: llmotel:threshold:monthly_budget_usd
        expr: "vector($monthly_budget_usd) > 0 or llmotel:threshold:daily_budget_usd * on () days_in_month()"
      - record: llmotel:threshold:unpriced_ratio
        expr: "vector($unpriced_ratio)"
      - record: llmotel:threshold:grounding_minimum
        expr: "vector($grounding_minimum)"
      - record: llmotel:threshold:grounding_target
        expr: "vector($grounding_target)"
      - record: llmotel:threshold:latency_regression
        expr: "vector($latency_regression)"
      - record: llmotel:threshold:grounding_regression
        expr: "vector($grounding_regression)"
      - record: llmotel:threshold:lost_records
        expr: "vector($lost_records)"
      - record: llmotel:threshold:queue_ratio
        expr: "vector($queue_ratio)"
END
for subject in calls budget quality telemetry; do
  sed -e "s|http://localhost:3000/d/|$grafana_url/d/|" \
    -e "s|docs/runbooks/\([a-z]*[.]md#\)|$runbook_url/\1|" \
    "${0%/*}/rules/$subject.yaml" > "$directory/rules/$subject.yaml"
done
exec "$@"
