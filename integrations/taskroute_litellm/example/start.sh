#!/bin/sh
# Starts LiteLLM's proxy with taskroute on the loopback address: start.sh [port]
set -eu
cd "$(dirname "$0")"
: "${LITELLM_MASTER_KEY:?the key that clients of the proxy give: set it to something long and random that begins with sk-}"
export TASKROUTE_POLICY="${TASKROUTE_POLICY:-taskroute.yaml}"
# Prices and windows come with LiteLLM; without this it fetches them from the network at each start.
export LITELLM_LOCAL_MODEL_COST_MAP="${LITELLM_LOCAL_MODEL_COST_MAP:-True}"
exec litellm --config "${LITELLM_CONFIG:-config.yaml}" --host 127.0.0.1 --port "${1:-4000}"
