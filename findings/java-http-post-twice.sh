#!/bin/sh
# Java's two HTTP clients, and a POST whose connection ends without an answer.
#
# Version: OpenJDK 17 (tried with 17.0.15 of Debian 12).
# A good guess: a POST may have had its effect when the server hangs up after
# it, so it is an IOException, and the server has seen it once, whichever
# client of the JDK was used and however the body was passed.
# Seen: HttpURLConnection sends it a second time by itself, on a new connection
# to a server that had not answered on the first one either; the exception
# comes only after that. A refresh token that may be used once is presented
# twice. With setFixedLengthStreamingMode the same class sends it once, and so
# does java.net.http.HttpClient (HTTP/1.1).
set -eu

for need in java javac; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: openjdk-17-jdk-headless)" >&2
    exit 2
  }
done
version=$(java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')
echo "Java $version"
case $version in
17.*) ;;
*) echo "seen with Java 17 only" >&2; exit 2 ;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >Ask.java <<'EOF'
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

public class Ask {
  static final String BODY = "refresh_token=used-once";
  static final AtomicInteger posts = new AtomicInteger();

  /** Reads one whole request from each connection and closes it. */
  static void serve(ServerSocket server) {
    while (true) {
      try (Socket connection = server.accept()) {
        InputStream in = connection.getInputStream();
        StringBuilder request = new StringBuilder();
        byte[] bytes = new byte[4096];
        int n = 0;
        while (n >= 0 && request.indexOf(BODY) < 0) {
          request.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
          n = request.indexOf(BODY) < 0 ? in.read(bytes) : n;
        }
        if (request.indexOf(BODY) >= 0) {
          posts.incrementAndGet();
        }
      } catch (IOException e) {
        // the next connection
      }
    }
  }

  static void byConnection(URI at, boolean streaming) throws IOException {
    HttpURLConnection call = (HttpURLConnection) at.toURL().openConnection();
    call.setRequestMethod("POST");
    call.setDoOutput(true);
    if (streaming) {
      call.setFixedLengthStreamingMode(BODY.length());
    }
    call.getOutputStream().write(BODY.getBytes(StandardCharsets.UTF_8));
    call.getResponseCode();
  }

  static void byClient(URI at) throws IOException, InterruptedException {
    HttpClient client = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1).build();
    client.send(HttpRequest.newBuilder(at)
        .POST(HttpRequest.BodyPublishers.ofString(BODY)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  public static void main(String[] args) throws Exception {
    ServerSocket server =
        new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread serving = new Thread(() -> serve(server));
    serving.setDaemon(true);
    serving.start();
    URI at = URI.create("http://127.0.0.1:" + server.getLocalPort() + "/");
    for (String how : new String[] {"HttpURLConnection",
        "HttpURLConnection, streaming", "HttpClient"}) {
      posts.set(0);
      String end = "no exception";
      try {
        if (how.equals("HttpClient")) {
          byClient(at);
        } else {
          byConnection(at, how.endsWith("streaming"));
        }
      } catch (IOException e) {
        end = "an IOException";
      }
      System.out.println(how + ": sent " + posts + " times, " + end);
    }
  }
}
EOF
java Ask.java >seen
cat seen
cat >expected <<'EOF'
HttpURLConnection: sent 2 times, an IOException
HttpURLConnection, streaming: sent 1 times, an IOException
HttpClient: sent 1 times, an IOException
EOF
cmp -s seen expected || { echo "another outcome" >&2; exit 1; }
echo "as described"
