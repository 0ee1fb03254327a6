#!/usr/bin/env bash
# Istio's Bookinfo on this machine, without containers, under the profiler: productpage asks details and reviews, and
# reviews, from v2 on, asks ratings. Each service has an address of loopback of its own, as it would have in a cluster,
# and all listen on 9080. details did not opt in: it is in the map only as productpage sees it.
#
#   demo/bookinfo.sh                 shows the environment file and the service map
#   demo/bookinfo.sh --tls           the same over HTTPS
#   demo/bookinfo.sh --keep FOLDER   leaves the outputs there, too
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

# role NAME HOST [VARIABLE=VALUE…]: a service, in a mount namespace of its own where the services' names are hosts.
role() {
    # shellcheck disable=SC2016 # sh expands them; it sets PWD, too
    start "$1" SESSION_SECRET=not-to-be-shown HTTP_HOST="$(address "$2")" HTTP_PORT=9080 "${@:3}" \
        "${SERVES[@]}" "${ASKS[@]}" env -C "$DATA" unshare --mount \
        sh -c 'mount --bind "$1" /etc/hosts; exec env -u PWD "$2" bookinfo "$3"' sh \
        "$DATA/hosts" "$BIN/demo-server" "$2"
    wait_for "$1" "listening on"
}

address() { awk -v name="$1" '$2 == name { print $1 }' "$DATA/hosts"; }

browse() {
    "${CLEAN[@]}" ADI_PROFILE=local ADI_PROFILE_NAME=browser CURL_CA_BUNDLE=certificate.pem env -C "$DATA" \
        curl -sS -o /dev/null --fail "$SCHEME://$(address productpage):9080$1"
}

begin "$@"
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 256))
printf '%s\n' "127.0.0.1 localhost" "$net.1 productpage" "$net.2 details" "$net.3 reviews" "$net.4 ratings" \
    >"$DATA/hosts"
# shellcheck disable=SC2046 # each is a word
certify $(awk 'NR > 1 { print "IP:" $1, "DNS:" $2 }' "$DATA/hosts")

start_profiler ADI_PROFILE_ALLOWED=local,dev ENV_PREFIX_LIST=DETAILS_,REVIEWS_,RATINGS_,SERVICE_VERSION

echo "starting productpage, details and ratings"
role ratings ratings ADI_PROFILE=local ADI_PROFILE_NAME=ratings
role details details
role productpage productpage ADI_PROFILE=local ADI_PROFILE_NAME=productpage DETAILS_HOSTNAME=details \
    DETAILS_SERVICE_PORT=9080 REVIEWS_HOSTNAME=reviews REVIEWS_SERVICE_PORT=9080
for version in v1 v2 v3; do
    echo "reviews $version: one visit"
    role reviews-$version reviews ADI_PROFILE=dev ADI_PROFILE_NAME=reviews SERVICE_VERSION=$version \
        RATINGS_HOSTNAME=ratings RATINGS_SERVICE_PORT=9080
    browse /productpage
    browse /api/v1/products/0/reviews
    stop reviews-$version
done
stop productpage
stop details
stop ratings
stop profiler

headline "Environment variables"
cat "$OUT/env.yaml"
headline "Service map"
cat "$OUT/map.yaml"
headline "Summary"
"$BIN/replay" "$OUT/run.tape"
