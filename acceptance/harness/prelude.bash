# What a session finds in its shell beside conch and conchd. See acceptance/README.md.

__server_log=$__work/server.log
__server_runs=0
__server_pid=

__fail() {
  echo "session: $*" >&2
  return 99
}

# server start [OPTIONS…] | stop | kill | restart | log
server() {
  case $1 in
    start) __server_start "${@:2}" ;;
    stop | kill)
      [ -n "$__server_pid" ] || { __fail "the server does not run"; return; }
      [ "$1" = stop ] && kill -TERM "$__server_pid" || kill -KILL "$__server_pid"
      wait "$__server_pid" 2>/dev/null
      local status=$?
      __server_pid=
      [ "$1" = kill ] || return $status
      ;;
    restart) server stop && __server_start "${@:2}" ;;
    log) cat "$__work"/server*.log ;;
    *) __fail "server start | stop | kill | restart | log" ;;
  esac
}

__server_start() {
  __server_runs=$((__server_runs + 1))
  __server_log=$__work/server-$__server_runs.log
  # The shell opens it for the server only after going on.
  : >"$__server_log"
  conchd serve --listen "127.0.0.1:${SERVER_PORT:-0}" "$@" </dev/null >"$__server_log" 2>&1 &
  __server_pid=$!
  local waited port
  for ((waited = 0; waited < 500; waited++)); do
    port=$(sed -n 's/.*127\.0\.0\.1:\([1-9][0-9]*\).*/\1/p' "$__server_log" | head -n 1)
    if [ -n "$port" ]; then
      export SERVER_PORT=$port CONCH_URL=http://127.0.0.1:$port
      return 0
    fi
    kill -0 "$__server_pid" 2>/dev/null || break
    sleep 0.02
  done
  __fail "the server did not start:"
  cat "$__server_log" >&2
  return 99
}

# mail ADDRESS: the oldest mail to it that was not shown yet; waits for one.
mail() {
  local waited file
  for ((waited = 0; waited < 250; waited++)); do
    for file in $(ls -tr "$SERVER_DATA"/mail/* 2>/dev/null); do
      case " $__mails_shown " in *" $file "*) continue ;; esac
      grep -qi "^To:.*$1" "$file" || continue
      __mails_shown="$__mails_shown $file"
      tr -d '\r' <"$file"
      return 0
    done
    sleep 0.02
  done
  __fail "no mail to $1"
}
__mails_shown=

# log-in NAME [OPTIONS…]: a profile NAME for the user NAME@example.com (ada, ben or cleo).
log-in() {
  local variable
  variable=$(tr '[:lower:]' '[:upper:]' <<<"$1")_PASSWORD
  conch profile create --name "$1" --user "$1@example.com" --password - "${@:2}" \
    <<<"${!variable}" >/dev/null 2>"$__work/log-in" || { cat "$__work/log-in" >&2; return 99; }
}

# eventually TEXT COMMAND…: repeats a command until its output holds TEXT, and prints that output.
eventually() {
  local text=$1 waited output
  shift
  for ((waited = 0; waited < 100; waited++)); do
    output=$("$@" 2>&1)
    case $output in *"$text"*) printf '%s\n' "$output"; return 0 ;; esac
    sleep 0.1
  done
  printf '%s\n' "$output"
  __fail "the output never held: $text"
}

# field PATH: one value of the JSON document on stdin, as in `field 0.name`.
field() { "$__bun" "$__harness/field.ts" "$1"; }

# on-terminal [PROMPT ANSWER]… -- COMMAND…: runs a command on a terminal and answers its prompts.
on-terminal() { "$__bun" "$__harness/on-terminal.ts" "$@"; }
