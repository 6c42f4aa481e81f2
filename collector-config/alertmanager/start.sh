#!/bin/sh
# Written by llmotel alerts render: what is changed here by hand is lost with the next.
#
# sh start.sh DIRECTORY COMMAND...  writes DIRECTORY/alertmanager.yml for the receivers in the environment.
set -eu
umask 077
directory=$1
shift
mkdir -p "$directory"

fail() {
  echo "llmotel: $*" >&2
  exit 1
}

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

case $(trimmed "${LLMOTEL_ALERT_WEBHOOK_URL:-}") in
  '' | http://?* | https://?*) ;;
  *) fail "LLMOTEL_ALERT_WEBHOOK_URL: accepted is a URL that begins with http:// or https://" ;;
esac
webhook_url=$(secret webhook_url LLMOTEL_ALERT_WEBHOOK_URL "$(trimmed "${LLMOTEL_ALERT_WEBHOOK_URL:-}")" "${LLMOTEL_ALERT_WEBHOOK_URL_FILE:-}")
case $(trimmed "${LLMOTEL_ALERT_SLACK_URL:-}") in
  '' | http://?* | https://?*) ;;
  *) fail "LLMOTEL_ALERT_SLACK_URL: accepted is a URL that begins with http:// or https://" ;;
esac
slack_url=$(secret slack_url LLMOTEL_ALERT_SLACK_URL "$(trimmed "${LLMOTEL_ALERT_SLACK_URL:-}")" "${LLMOTEL_ALERT_SLACK_URL_FILE:-}")
slack_channel=$(trimmed "${LLMOTEL_ALERT_SLACK_CHANNEL:-}")
pagerduty_key=$(secret pagerduty_key LLMOTEL_ALERT_PAGERDUTY_KEY "$(trimmed "${LLMOTEL_ALERT_PAGERDUTY_KEY:-}")" "${LLMOTEL_ALERT_PAGERDUTY_KEY_FILE:-}")
email_to=$(trimmed "${LLMOTEL_ALERT_EMAIL_TO:-}")
email_from=$(trimmed "${LLMOTEL_ALERT_EMAIL_FROM:-}")
case $(trimmed "${LLMOTEL_ALERT_EMAIL_SMARTHOST:-}") in
  '' | ?*:[0-9]*) ;;
  *) fail "LLMOTEL_ALERT_EMAIL_SMARTHOST='$(trimmed "${LLMOTEL_ALERT_EMAIL_SMARTHOST:-}")': accepted is HOST:PORT" ;;
esac
email_smarthost=$(trimmed "${LLMOTEL_ALERT_EMAIL_SMARTHOST:-}")
email_username=$(trimmed "${LLMOTEL_ALERT_EMAIL_USERNAME:-}")
email_password=$(secret email_password LLMOTEL_ALERT_EMAIL_PASSWORD "$(trimmed "${LLMOTEL_ALERT_EMAIL_PASSWORD:-}")" "${LLMOTEL_ALERT_EMAIL_PASSWORD_FILE:-}")
email_tls=$(trimmed "${LLMOTEL_ALERT_EMAIL_TLS:-true}")
case $email_tls in
  true | false) ;;
  *) fail "LLMOTEL_ALERT_EMAIL_TLS='$email_tls': accepted is true or false" ;;
esac
[ -z "$email_to" ] || [ -n "$email_from" ] ||
  fail "LLMOTEL_ALERT_EMAIL_TO needs LLMOTEL_ALERT_EMAIL_FROM, which is not set"
[ -z "$email_to" ] || [ -n "$email_smarthost" ] ||
  fail "LLMOTEL_ALERT_EMAIL_TO needs LLMOTEL_ALERT_EMAIL_SMARTHOST, which is not set"

# receiver NAME: with what is set, PagerDuty for critical alerts alone
receiver() {
  echo "  - name: $1"
  if [ -n "$pagerduty_key" ] && [ "$1" = critical ]; then
    cat <<END
    pagerduty_configs:
      - routing_key_file: $(quoted "$pagerduty_key")
        severity: critical
        description: '{{ .CommonLabels.alertname }}: {{ range .Alerts }}{{ .Annotations.summary }} {{ end }}'
END
  fi
  if [ -n "$webhook_url" ]; then
    cat <<END
    webhook_configs:
      - url_file: $(quoted "$webhook_url")
        send_resolved: true
END
  fi
  if [ -n "$slack_url" ]; then
    cat <<END
    slack_configs:
      - api_url_file: $(quoted "$slack_url")
        send_resolved: true
        title: '{{ .Status | toUpper }}: {{ .CommonLabels.alertname }}'
        text: '{{ range .Alerts }}{{ .Annotations.summary }} <{{ .Annotations.dashboard_url }}|Dashboard>,
          runbook {{ .Annotations.runbook_url }}. {{ end }}'
END
  fi
  if [ -n "$slack_url" ] && [ -n "$slack_channel" ]; then
    cat <<END
        channel: $(quoted "$slack_channel")
END
  fi
  if [ -n "$email_to" ]; then
    cat <<END
    email_configs:
      - to: $(quoted "$email_to")
        from: $(quoted "$email_from")
        smarthost: $(quoted "$email_smarthost")
        require_tls: $email_tls
        send_resolved: true
END
  fi
  if [ -n "$email_to" ] && [ -n "$email_username" ]; then
    cat <<END
        auth_username: $(quoted "$email_username")
END
  fi
  if [ -n "$email_to" ] && [ -n "$email_password" ]; then
    cat <<END
        auth_password_file: $(quoted "$email_password")
END
  fi
}

{
  cat <<'END'
# Written by llmotel alerts render: what is changed here by hand is lost with the next.
route:
  receiver: warning
  group_by: [alertname, job, deployment_environment_name]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - receiver: critical
      matchers: ['severity="critical"']
# What is worse says the same.
inhibit_rules:
  - source_matchers: ['alertname=~"LLMHighErrorRate|LLMErrorBudgetBurnFast"']
    target_matchers: ['alertname="LLMErrorBudgetBurnSlow"']
    equal: [job, deployment_environment_name]
  - source_matchers: ['alertname="LLMCollectorDropping"']
    target_matchers: ['alertname="LLMCollectorQueueFilling"']
    equal: [instance, exporter]
receivers:
END
  receiver critical
  receiver warning
} > "$directory/alertmanager.yml" || fail "$directory: cannot be written"
exec "$@"
