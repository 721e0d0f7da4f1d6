/*
 * identity_files: the laws are in identity_files.h; core.system_ca joins the
 * core module.
 */
#include "http/identity_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/errno_name.h"
#include "base/read_file.h"
#include "core.h"
#include "http/libcurl.h"

/* A certificate, a key or a list of authorities. */
#define FILE_MAX ((size_t)1024 * 1024)

#define PASSWORD_MAX ((size_t)1024)

/* A spelling is at most that much longer than the path: 16 dots, each with 1
 * to 4 slashes. */
#define SPELLING_EXTRA 80

#if defined(__APPLE__)
#define CTIME st_ctimespec
#define MTIME st_mtimespec
#else
#define CTIME st_ctim
#define MTIME st_mtim
#endif

/* ------------------------------------------------------------------ stamps */

/* FNV-1a. */
static unsigned add(unsigned hash, const void *bytes, size_t n)
{
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < n; i++) {
    hash = (hash ^ byte[i]) * 16777619U;
  }
  return hash;
}

/* What tells one version of a file from another. */
static unsigned add_file(unsigned hash, const char *path)
{
  struct stat about;
  if (path == NULL || stat(path, &about) != 0) {
    return add(hash, "", 1);
  }
  hash = add(hash, &about.st_dev, sizeof about.st_dev);
  hash = add(hash, &about.st_ino, sizeof about.st_ino);
  if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) { /* not a pipe */
    hash = add(hash, &about.st_size, sizeof about.st_size);
    hash = add(hash, &about.MTIME.tv_sec, sizeof about.MTIME.tv_sec);
    hash = add(hash, &about.MTIME.tv_nsec, sizeof about.MTIME.tv_nsec);
    hash = add(hash, &about.CTIME.tv_sec, sizeof about.CTIME.tv_sec);
    hash = add(hash, &about.CTIME.tv_nsec, sizeof about.CTIME.tv_nsec);
  }
  return hash;
}

/* The file, and the folder, of the authorities that libcurl trusts by itself;
 * NULL: it has none, or is too old to say. */
static const char *system_ca(void)
{
#if LIBCURL_VERSION_NUM >= 0x074600 /* 7.70 */
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH ? info->cainfo : NULL;
#else
  return NULL;
#endif
}

static const char *system_folder(void)
{
#if LIBCURL_VERSION_NUM >= 0x074600 /* 7.70 */
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH ? info->capath : NULL;
#else
  return NULL;
#endif
}

unsigned eq_identity_files_stamp(const struct eq_request *request)
{
  const bool own = request->ca_file != NULL;
  unsigned hash = 2166136261U;
  hash = add_file(hash, own ? request->ca_file : system_ca());
  hash = add_file(hash, own ? NULL : system_folder());
  hash = add_file(hash, request->client_cert);
  hash = add_file(hash, request->client_key);
  hash = add_file(hash, request->client_key_password_file);
  return hash != 0 ? hash : 1;
}

/* --------------------------------------------------------------- spellings */

static bool is_file(const char *path)
{
  struct stat about;
  return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* Writes "." and slashes, two bits of the stamp for each dot; then the path,
 * behind its first slash if it has one. The caller frees it; NULL: no memory.
 */
static char *spell(const char *path, unsigned stamp)
{
  size_t n = strlen(path);
  char *spelling = malloc(n + SPELLING_EXTRA + 1);
  if (spelling == NULL) {
    return NULL;
  }
  char *at = spelling;
  if (*path == '/') {
    *at++ = '/';
    path += strspn(path, "/");
  }
  for (int i = 0; i < 16; i++, stamp >>= 2) {
    unsigned slashes = 1 + (stamp & 3);
    *at++ = '.';
    memset(at, '/', slashes);
    at += slashes;
  }
  memcpy(at, path, strlen(path) + 1);
  return spelling;
}

/* Puts the path in place of its spelling, once. */
static void unspell(char *text, const char *path, unsigned stamp)
{
  char *spelling = path == NULL ? NULL : spell(path, stamp);
  char *at = spelling == NULL ? NULL : strstr(text, spelling);
  if (at != NULL) {
    size_t n = strlen(spelling);
    size_t len = strlen(path);
    memmove(at + len, at + n, strlen(at + n) + 1);
    for (size_t i = 0; i < len; i++) {
      at[i] = path[i];
    }
  }
  free(spelling);
}

/* ----------------------------------------------------------- for libcurl */

#if LIBCURL_VERSION_NUM < 0x074d00 /* 7.77: the last of them */
#define CURLOPT_CAINFO_BLOB CURLOPT_CAINFO
#define CURLOPT_PROXY_CAINFO_BLOB CURLOPT_PROXY_CAINFO
#define CURLOPT_SSLCERT_BLOB CURLOPT_SSLCERT
#define CURLOPT_SSLKEY_BLOB CURLOPT_SSLKEY
#endif

/* Or a library that behaves like it. */
static bool is_openssl(void)
{
  const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return name != NULL &&
         (strncmp(name, "OpenSSL", sizeof "OpenSSL" - 1) == 0 ||
          strncmp(name, "LibreSSL", sizeof "LibreSSL" - 1) == 0);
}

/* Whether certificates and keys may be bytes: GnuTLS accepts them, and then
 * sends none. */
static bool takes_bytes(void)
{
  return LIBCURL_VERSION_NUM >= 0x074d00 && is_openssl();
}

static void complain(char *why, const char *path, const char *what)
{
  (void)snprintf(why, CURL_ERROR_SIZE, "%s: %s", path, what);
}

/* Of a pipe, or a file that was kept. */
static CURLcode set_bytes(CURL *handle, CURLoption option, const char *path,
                          char *why)
{
#if LIBCURL_VERSION_NUM >= 0x074d00
  struct eq_buffer bytes;
  eq_buffer_init(&bytes, FILE_MAX);
  int os = eq_read_file(path, EQ_READ_FILE_SECONDS, &bytes);
  if (os != 0 || bytes.len == 0) {
    const char *name = os == 0 ? "it is empty" : eq_errno_name(os);
    complain(why, path, name != NULL ? name : "EIO");
    return option == CURLOPT_SSLCERT_BLOB || option == CURLOPT_SSLKEY_BLOB
               ? CURLE_SSL_CERTPROBLEM
               : CURLE_SSL_CACERT_BADFILE;
  }
  struct curl_blob blob = {
      .data = bytes.data, .len = bytes.len, .flags = CURL_BLOB_COPY};
  CURLcode rc = curl_easy_setopt(handle, option, &blob);
  eq_buffer_free(&bytes);
  return rc;
#else
  (void)handle;
  (void)option;
  (void)path;
  (void)why;
  return CURLE_NOT_BUILT_IN;
#endif
}

/* The name of a file; or the bytes, where it can't be opened again. */
static CURLcode set_file(CURL *handle, CURLoption name, CURLoption bytes,
                         const char *path, unsigned stamp, char *why)
{
  if (path == NULL) {
    return CURLE_OK; /* at its default since the reset */
  }
  if (eq_read_file_is_pipe(path)) {
    if (stamp != 0 && !takes_bytes()) {
      complain(why, path, "it has to be a regular file here");
      return CURLE_NOT_BUILT_IN;
    }
    return stamp == 0 ? CURLE_OK : set_bytes(handle, bytes, path, why);
  }
  if (stamp == 0 || !is_file(path)) {
    return curl_easy_setopt(handle, name, path); /* libcurl says what it is */
  }
  char *spelling = spell(path, stamp);
  if (spelling == NULL) {
    return CURLE_OUT_OF_MEMORY;
  }
  CURLcode rc = curl_easy_setopt(handle, name, spelling);
  free(spelling);
  return rc;
}

/* The list of authorities to name: the system's only for a connection by
 * TLS. */
static const char *ca_of(const struct eq_request *request)
{
  if (request->ca_file != NULL) {
    return request->ca_file;
  }
  return request->stamp == 0 ? NULL : system_ca();
}

/* A ca_file replaces the system's trust and does not add to it: libcurl's
 * built-in directory of authorities is switched off beside it. So it is beside
 * the bytes of the system's list, when that can no longer be opened. */
static CURLcode set_trust(CURL *handle, const struct eq_request *request,
                          char *why)
{
  CURLcode rc;
  const char *path = ca_of(request);
  if (request->ca_file == NULL &&
      (path == NULL || !eq_read_file_is_pipe(path))) {
    return set_file(handle, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB, path,
                    request->stamp, why);
  }
  rc = curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
  if (rc != CURLE_OK && rc != CURLE_NOT_BUILT_IN) {
    return rc; /* not built in: then there is no directory */
  }
  rc = curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, NULL);
  if (rc != CURLE_OK && rc != CURLE_NOT_BUILT_IN) {
    return rc;
  }
  rc = set_file(handle, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB, path,
                request->stamp, why);
  return rc != CURLE_OK
             ? rc
             : set_file(handle, CURLOPT_PROXY_CAINFO,
                        CURLOPT_PROXY_CAINFO_BLOB, path, request->stamp, why);
}

/* Whether a private key in it is under a pass phrase: PKCS #8 and RFC 1421. */
static bool is_encrypted(const char *path)
{
  struct eq_buffer bytes;
  if (path == NULL) {
    return false;
  }
  eq_buffer_init(&bytes, FILE_MAX);
  bool found = eq_read_file(path, EQ_READ_FILE_SECONDS, &bytes) == 0 &&
               (strstr(eq_buffer_text(&bytes), "BEGIN ENCRYPTED") != NULL ||
                strstr(eq_buffer_text(&bytes), ",ENCRYPTED") != NULL);
  eq_buffer_free(&bytes);
  return found;
}

/* The file that has the private key. */
static const char *key_of(const struct eq_request *request)
{
  return request->client_key != NULL ? request->client_key
                                     : request->client_cert;
}

/*
 * The pass phrase, of one line. For OpenSSL it is empty where there is none,
 * so that it doesn't ask; GnuTLS never asks, and would take a pass phrase as
 * the mark of an encrypted key.
 */
static CURLcode set_password(CURL *handle, const struct eq_request *request,
                             char *why)
{
  const char *path = request->client_key_password_file;
  struct eq_buffer password;
  eq_buffer_init(&password, PASSWORD_MAX);
  int os =
      path == NULL ? 0 : eq_read_file(path, EQ_READ_FILE_SECONDS, &password);
  if (os != 0) {
    const char *name = eq_errno_name(os);
    (void)snprintf(why, CURL_ERROR_SIZE, "client_key_password_file %s: %s",
                   path, name != NULL ? name : "EIO");
    return CURLE_SSL_CERTPROBLEM;
  }
  if (password.len > 0) {
    password.data[strcspn(password.data, "\r\n")] = '\0';
  }
  CURLcode rc = CURLE_OK;
  if (is_openssl() || (path != NULL && is_encrypted(key_of(request)))) {
    rc =
        curl_easy_setopt(handle, CURLOPT_KEYPASSWD, eq_buffer_text(&password));
  }
  eq_buffer_free(&password);
  return rc;
}

CURLcode eq_identity_files_set(CURL *handle, const struct eq_request *request,
                               char *why)
{
  CURLcode rc = set_trust(handle, request, why);
  if (rc != CURLE_OK || request->client_cert == NULL) {
    return rc;
  }
  /* A connection is known by the certificate, whichever of the two changed. */
  rc = set_file(handle, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB,
                request->client_cert, request->stamp, why);
  if (rc == CURLE_OK) {
    rc = set_file(handle, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB,
                  request->client_key, request->stamp, why);
  }
  return rc != CURLE_OK || request->stamp == 0
             ? rc
             : set_password(handle, request, why);
}

/* ---------------------------------------------------------------- messages */

void eq_identity_files_explain(const struct eq_request *request,
                               CURLcode *result, char *detail)
{
  unspell(detail, request->ca_file, request->stamp);
  unspell(detail, system_ca(), request->stamp);
  unspell(detail, request->client_cert, request->stamp);
  unspell(detail, request->client_key, request->stamp);
  bool about_key = *result == CURLE_SSL_CERTPROBLEM ||
                   strstr(detail, "error reading X.509") != NULL;
  if (about_key && strstr(detail, "client_key_password_file") == NULL &&
      is_encrypted(key_of(request))) {
    *result = CURLE_SSL_CERTPROBLEM; /* GnuTLS: a failed handshake */
    (void)snprintf(detail, CURL_ERROR_SIZE, "%s",
                   request->client_key_password_file == NULL
                       ? "the key is under a pass phrase: give "
                         "client_key_password_file"
                       : "the pass phrase in client_key_password_file does "
                         "not open the key");
  }
}

/*
 * core.system_ca() -> path | nil
 * The file of the authorities that libcurl trusts without a ca_file; nil: it
 * has none, or is too old to say.
 */
static int l_system_ca(lua_State *L)
{
  eq_libcurl_require(L);
  lua_pushstring(L, system_ca()); /* NULL becomes nil */
  return 1;
}

int eq_open_identity_files(lua_State *L)
{
  static const luaL_Reg functions[] = {{"system_ca", l_system_ca},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
