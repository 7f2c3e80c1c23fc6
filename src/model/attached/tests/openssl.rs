//! Keys and signatures that OpenSSL 3 made, as an independent judge. The private keys were thrown away.

/// The manifest of the signed image.
pub(super) const MANIFEST: &str = r#"{"schemaVersion":2,"layers":[]}"#;
/// The signed payload of simple signing.
pub(super) const PAYLOAD: &str = r#"{"critical":{"identity":{"docker-reference":"r.test/team/app"},"image":{"docker-manifest-digest":"sha256:6ece6defe7067e1c5455a7720c1189ad30f7f8efe78587bd7c06e64a80fe7770"},"type":"cosign container image signature"},"optional":null}"#;
/// The name of a signature, the public key in PEM form, and the signature over the payload in base64.
pub(super) const SIGNATURES: [(&str, &str, &str); 5] = [
    (
        "ECDSA P-256, SHA-256",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEm9/TJp0D2nB6zghCRVAkmprIOsx2\n0kh10g81k7Unoqup7xOHuFO1TO7MH/Hp+Jt2zt6ZYGHQ6rt/oskeeOsGgA==\n-----END PUBLIC KEY-----",
        "MEYCIQC+YWrcyOJUPvsyVPNIE1qRpHXlXEo2o8xlLE7WYURaMwIhAKTMKLkSwHeXe7wEP69qPd6E6+J0UJ4XhSmfV+kFOd4b",
    ),
    (
        "ECDSA P-384, SHA-256",
        "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEdK59/1N0OnKnYDVO1LUotnD4PnziF5/f\nQY5tXf4db3S8mffTl4bVG3+gEDZKk8FwYfijU/xLZwRhiNXiILIYrsJTaWAU0NYs\nm0Ip6Cy4QjBgSYzbJiF+l+8RZXItI1SI\n-----END PUBLIC KEY-----",
        "MGYCMQCi8kemmnFVjkk1Ih7Z/XnFAECaLwukFL9NPkilVg/qQL+YvyciShmE7MV9AKjeFzkCMQDJphpHwfexzzwVIPm5R130qIl6u+aQ9/K6ZkMIbLiFDt1ycLCpxaM2sSt/5Fg26ys=",
    ),
    (
        "ECDSA P-384, SHA-384",
        "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEdK59/1N0OnKnYDVO1LUotnD4PnziF5/f\nQY5tXf4db3S8mffTl4bVG3+gEDZKk8FwYfijU/xLZwRhiNXiILIYrsJTaWAU0NYs\nm0Ip6Cy4QjBgSYzbJiF+l+8RZXItI1SI\n-----END PUBLIC KEY-----",
        "MGUCMCXII+lf9g6YgwE24CCQ60INLRCpKtrRFcp1BU1SGwyhpcf4G2jM4bvxJvFM5sXQzQIxAL4GYFkVDuswIR1KvzHVSAlUoKZ3tJMda7ozInMbmremoshgSKBKkwyD16JqqlEihw==",
    ),
    (
        "RSA",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA30BCd5sfsdsvM+cAT7QZ\nfeHitGXBE9JV+1uG9yMstV7u78GlH03gJ06icbLAIN9Y+YzIOHwGg6aIi+gfEFVT\n9U7KK8PgtFUICtEdz4lQtdYWbV3Cogm0oTKSFtRuQb1q/J1QlYhZ0IAgiNoxnTEw\nowmxFW/8Gus9n9Y7PwTgDRCb7VFG0OzHC8Y/GnsVV/icUcc0LjCTE0mU5+N5CsNQ\niF2i0iMAW3DGF7rIzygXMIZ/cFDt0aTkqzA/totEjaWKJw8PbDH8rhr3PW2NnRMn\ntD8DUin9vHzN1meHeE9iwdhoj9lw8BCDOTVOdL2LgymzSDKVkebyO2b5kQZKRjRr\nmQIDAQAB\n-----END PUBLIC KEY-----",
        "MUBcTX8LpUIOp8g+AB4RFO0oCnsadgwE8umr3on87ThNMRNh0B+K0v4oqSbH1sQLAl9Bve6JgfhnBslzIIfTzTYxhv9icXzM/R5VKs96/eBLSZ8UeIpkyUAGIRG462LECic1Fp8DGdKRqcOJt3ThF20jPoLYZ8TmhVYvZBrb8wL56rwXA7jMav54R+W5I/f5AicBTUPm0/Psph428tvJFiW57ZdwBmz/xunXUvF1Z5U66ABE7oc/iWS/VFK8zbTSjcQLuGcl13aDc8+o6HOks3pZR2gUoxZErVplW3gl0DGie5rVN6EOt5Kw8ryDmKcRvkLHnudVqo6OYdr2nMZTAQ==",
    ),
    (
        "Ed25519",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEArJ3Vbh873l3DfXpccIKL1Z2VOCRJxHcrYWaYfnqAZHw=\n-----END PUBLIC KEY-----",
        "hVuw7UQD10nER+P801BRM8C8/u0OSy4/1jmlTM9exJm/Ks79hdcTLshkQLl9DrRD8PpmUOkXm6NDfDRuNoT9DA==",
    ),
];
/// Keys that are too short or of another kind.
pub(super) const BAD_KEYS: [(&str, &str); 3] = [
    (
        "contains an RSA key of fewer than 2048 bits",
        "-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCwxDqIfhvpgAmy9EFWJIF37Tka\nBArZOEvJv7LcuKg05F9V4mD+0V8QarWk8ZnMLoZDgg4gDBC9XSG6wiJCj2KwEhvd\nJGF8CSlsOEApccBe0QLbYcyenXPDav7S1amhPvanL3KiBZ0do3jVZQlvvL5O7eYG\nSZtHKH72rWHCECtC3QIDAQAB\n-----END PUBLIC KEY-----",
    ),
    (
        "contains a key of a kind that is not supported",
        "-----BEGIN PUBLIC KEY-----\nMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAa6O0vjcsDzp1FuNm9oK/pbA4bR6V\nv9Fwz7wAg9s08CZTsYOfyIaCacWdlx9T4w8Z6agKYs6ARqxRwigMP3c/fDwA1zNF\nGEsBlLNggP3XkE2ncABWnkmoiT3lIrnI8ZNkaptzqVEqduiUFmF5NpKdQIp7MJHN\nvCseIxrWhl5vPRLeAuk=\n-----END PUBLIC KEY-----",
    ),
    (
        "contains a private key",
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
    ),
];
