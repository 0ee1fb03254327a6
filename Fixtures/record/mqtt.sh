# shellcheck shell=bash
# MQTT within TLS, which names it: mosquitto.

mqtt/tls() {
    about "mosquitto's clients publish and subscribe over TLS on port 8884, and say so by ALPN." "a protocol that only the ClientHello names."
    uses mosquitto mosquitto-clients
    printf 'user root\nlistener 8884 127.0.0.1\ncertfile %s\nkeyfile %s\nallow_anonymous true\n' "$CERTIFICATE" "$PRIVATE_KEY" >"$SCRATCH/mosquitto.conf"
    serve 8884 mosquitto -c "$SCRATCH/mosquitto.conf"
    capture 'tcp port 8884'
    local over_tls=(-h 127.0.0.1 -p 8884 --cafile "$CERTIFICATE" --insecure --tls-alpn mqtt)
    # A retained message is there for the subscriber whenever it comes.
    client mosquitto_pub "${over_tls[@]}" -r -q 1 -t shop/temperature -m 21.5
    client mosquitto_sub "${over_tls[@]}" -C 1 -t 'shop/#'
}
