/*
 * curl_result: the laws are in curl_result.h.
 */
#include "http/curl_result.h"

#include <stddef.h>

#define CONFIG EQ_CONFIG
#define MEMORY EQ_MEMORY
#define NETWORK EQ_NETWORK
#define PROTOCOL EQ_PROTOCOL
#define TIMEOUT EQ_TIMEOUT
#define TLS EQ_TLS
#define RETRY EQ_RETRY
#define FINAL EQ_FINAL

#define ROW(result, kind, retryable, message)                                 \
  {                                                                           \
    result, kind, #result, message, retryable                                 \
  }

static const struct eq_curl_result rows[] = {
    ROW(CURLE_OPERATION_TIMEDOUT, TIMEOUT, RETRY, "the deadline passed"),
    ROW(CURLE_COULDNT_RESOLVE_HOST, NETWORK, RETRY,
        "the host name cannot be resolved"),
    ROW(CURLE_COULDNT_RESOLVE_PROXY, NETWORK, RETRY,
        "the proxy's name cannot be resolved"),
    ROW(CURLE_COULDNT_CONNECT, NETWORK, RETRY, "the connection failed"),
    ROW(CURLE_SEND_ERROR, NETWORK, RETRY,
        "the connection broke while sending"),
    ROW(CURLE_RECV_ERROR, NETWORK, RETRY,
        "the connection broke while receiving"),
    ROW(CURLE_GOT_NOTHING, NETWORK, RETRY,
        "the server closed the connection without a response"),
    ROW(CURLE_PARTIAL_FILE, NETWORK, RETRY,
        "the connection ended inside the body"),
    ROW(CURLE_HTTP2, NETWORK, RETRY, "the HTTP/2 connection broke"),
    ROW(CURLE_HTTP2_STREAM, NETWORK, RETRY,
        "the server broke off its response"),
    ROW(CURLE_SEND_FAIL_REWIND, NETWORK, RETRY,
        "the connection broke while sending"),
    ROW(CURLE_AGAIN, NETWORK, RETRY, "the connection is not ready"),
    ROW(CURLE_NO_CONNECTION_AVAILABLE, NETWORK, RETRY,
        "no connection is available"),
    ROW(CURLE_ABORTED_BY_CALLBACK, NETWORK, FINAL, "the transfer was stopped"),
#if LIBCURL_VERSION_NUM >= 0x074500 /* 7.69 */
    ROW(CURLE_HTTP3, NETWORK, RETRY, "the HTTP/3 connection broke"),
    ROW(CURLE_QUIC_CONNECT_ERROR, NETWORK, RETRY, "the connection failed"),
#endif
#if LIBCURL_VERSION_NUM >= 0x074900 /* 7.73 */
    ROW(CURLE_PROXY, NETWORK, FINAL, "the proxy refused"),
#endif
#if LIBCURL_VERSION_NUM >= 0x075400 /* 7.84 */
    ROW(CURLE_UNRECOVERABLE_POLL, NETWORK, RETRY,
        "the system cannot wait for the connection"),
#endif
    ROW(CURLE_SSL_CONNECT_ERROR, TLS, FINAL, "the TLS handshake failed"),
    ROW(CURLE_PEER_FAILED_VERIFICATION, TLS, FINAL,
        "the server's certificate is not trusted"),
    ROW(CURLE_SSL_ISSUER_ERROR, TLS, FINAL,
        "the server's certificate is not trusted"),
    ROW(CURLE_SSL_INVALIDCERTSTATUS, TLS, FINAL,
        "the server's certificate is not valid"),
    ROW(CURLE_SSL_PINNEDPUBKEYNOTMATCH, TLS, FINAL,
        "the server's certificate is not trusted"),
    ROW(CURLE_SSL_CIPHER, TLS, FINAL, "no common cipher"),
    ROW(CURLE_SSL_SHUTDOWN_FAILED, TLS, FINAL, "TLS cannot be ended"),
    ROW(CURLE_USE_SSL_FAILED, TLS, FINAL, "TLS is not available"),
#if LIBCURL_VERSION_NUM >= 0x074d00 /* 7.77 */
    ROW(CURLE_SSL_CLIENTCERT, TLS, FINAL,
        "the server asks for a client certificate"),
#endif
#if LIBCURL_VERSION_NUM >= 0x080800
    ROW(CURLE_ECH_REQUIRED, TLS, FINAL, "the TLS handshake failed"),
#endif
    ROW(CURLE_SSL_CERTPROBLEM, CONFIG, FINAL,
        "client_cert or client_key cannot be used"),
    ROW(CURLE_SSL_CACERT_BADFILE, CONFIG, FINAL, "ca_file cannot be read"),
    ROW(CURLE_SSL_CRL_BADFILE, CONFIG, FINAL,
        "a revocation list cannot be read"),
    ROW(CURLE_SSL_ENGINE_NOTFOUND, CONFIG, FINAL, "TLS has no such engine"),
    ROW(CURLE_SSL_ENGINE_SETFAILED, CONFIG, FINAL,
        "an engine of TLS cannot be used"),
    ROW(CURLE_SSL_ENGINE_INITFAILED, CONFIG, FINAL,
        "an engine of TLS cannot be used"),
    ROW(CURLE_URL_MALFORMAT, CONFIG, FINAL, "the URL is malformed"),
    ROW(CURLE_LOGIN_DENIED, CONFIG, FINAL, "the URL holds a user name"),
    ROW(CURLE_UNSUPPORTED_PROTOCOL, CONFIG, FINAL,
        "the URL's scheme is not allowed"),
    ROW(CURLE_INTERFACE_FAILED, CONFIG, FINAL, "the interface cannot be used"),
    ROW(CURLE_UNKNOWN_OPTION, CONFIG, FINAL, "libcurl lacks an option"),
    ROW(CURLE_NOT_BUILT_IN, CONFIG, FINAL, "libcurl lacks a feature"),
    ROW(CURLE_BAD_FUNCTION_ARGUMENT, CONFIG, FINAL,
        "libcurl refuses an option"),
    ROW(CURLE_FAILED_INIT, CONFIG, FINAL, "libcurl cannot be initialized"),
    ROW(CURLE_RECURSIVE_API_CALL, CONFIG, FINAL,
        "libcurl was called inside of a callback"),
    ROW(CURLE_WEIRD_SERVER_REPLY, PROTOCOL, FINAL,
        "the response is not valid HTTP"),
    ROW(CURLE_BAD_CONTENT_ENCODING, PROTOCOL, FINAL,
        "the response body cannot be decompressed"),
    ROW(CURLE_WRITE_ERROR, PROTOCOL, FINAL, "the response cannot be taken"),
    ROW(CURLE_READ_ERROR, PROTOCOL, FINAL, "the request cannot be read"),
    ROW(CURLE_FILESIZE_EXCEEDED, PROTOCOL, FINAL,
        "the response body exceeds the limit"),
    ROW(CURLE_TOO_MANY_REDIRECTS, PROTOCOL, FINAL,
        "there were too many redirects"),
#if LIBCURL_VERSION_NUM >= 0x074200 /* 7.66 */
    ROW(CURLE_AUTH_ERROR, PROTOCOL, FINAL, "libcurl cannot authenticate"),
#endif
#if LIBCURL_VERSION_NUM >= 0x080600
    ROW(CURLE_TOO_LARGE, PROTOCOL, FINAL,
        "the response has a part that is too large"),
#endif
    ROW(CURLE_OUT_OF_MEMORY, MEMORY, FINAL, "out of memory"),
};

/*
 * Results, by number, of protocols that are switched off (FTP, LDAP, TFTP,
 * SSH, RTSP ...), of options that are not set, and numbers not in use.
 */
static const unsigned char foreign[] = {
    9,  10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22, 24, 25, 29, 30, 31,
    32, 33, 34, 36, 37, 38, 39, 40, 41, 44, 46, 49, 50, 51, 57, 62, 68,
    69, 70, 71, 72, 73, 74, 75, 76, 78, 79, 84, 85, 86, 87, 88,
};

static const struct eq_curl_result not_ours = {
    CURLE_OK, PROTOCOL, "CURLE_OTHER",
    "libcurl reports what HTTP does not have", FINAL};

/* What a newer libcurl may have. Nothing is known about it, so nothing is sent
 * again. */
static const struct eq_curl_result unknown = {
    CURLE_OK, PROTOCOL, "CURLE_OTHER",
    "libcurl reports a failure that is not "
    "known here",
    FINAL};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct eq_curl_result *eq_curl_result(CURLcode result)
{
  for (size_t i = 0; i < COUNT(rows); i++) {
    if (rows[i].result == result) {
      return &rows[i];
    }
  }
  for (size_t i = 0; i < COUNT(foreign); i++) {
    if (foreign[i] == (unsigned)result) {
      return &not_ours;
    }
  }
  return &unknown;
}
