package newswire.es.guard;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.http.HttpRouteStats;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;

/**
 * Refuses requests before any handler sees them: a foreign Host or Origin with 403, no or a wrong password with 401.
 *
 * <p>A web page that a browser shows may send requests to loopback. Its Origin gives it away; if it has bound its own name to
 * 127.0.0.1 (DNS rebinding), its Host does. Both are checked even with the right password, for a browser may remember that.
 */
final class RequestGuard implements HttpServerTransport.Dispatcher {

    private final HttpServerTransport.Dispatcher handlers;
    private final Login login;
    private final Pattern ourHost;
    private final Pattern ourOrigin;

    RequestGuard(HttpServerTransport.Dispatcher handlers, Login login, String port) {
        this.handlers = handlers;
        this.login = login;
        String loopback = "(127\\.0\\.0\\.1|localhost|\\[::1\\]):" + Pattern.quote(port);
        ourHost = Pattern.compile(loopback, Pattern.CASE_INSENSITIVE);
        ourOrigin = Pattern.compile("http://" + loopback, Pattern.CASE_INSENSITIVE);
    }

    @Override
    public void dispatchRequest(RestRequest request, RestChannel channel, ThreadContext context) {
        RestResponse refusal = refusalOf(request);
        if (refusal == null) {
            handlers.dispatchRequest(request, channel, context);
        } else {
            channel.sendResponse(refusal);
        }
    }

    @Override
    public void dispatchBadRequest(RestChannel channel, ThreadContext context, Throwable cause) {
        RestResponse refusal = refusalOf(channel.request());
        if (refusal == null) {
            handlers.dispatchBadRequest(channel, context, cause);
        } else {
            channel.sendResponse(refusal);
        }
    }

    @Override
    public Map<String, HttpRouteStats> getStats() {
        return handlers.getStats();
    }

    private RestResponse refusalOf(RestRequest request) {
        List<String> hosts = valuesOf(request, "Host");
        if (hosts.size() != 1 || !ourHost.matcher(hosts.get(0)).matches()) {
            return refusal(RestStatus.FORBIDDEN, "the Host is not 127.0.0.1, localhost or [::1] with the port of this node");
        }
        if (!valuesOf(request, "Origin").stream().allMatch(origin -> ourOrigin.matcher(origin).matches())) {
            return refusal(RestStatus.FORBIDDEN, "the Origin is not this node");
        }
        List<String> logins = valuesOf(request, "Authorization");
        if (logins.size() != 1 || !login.allows(logins.get(0))) {
            RestResponse response = refusal(
                RestStatus.UNAUTHORIZED, "log in as newswire; the password is NEWSWIRE_ELASTICSEARCH_PASSWORD in the stack's stack.env");
            response.addHeader("WWW-Authenticate", "Basic realm=\"newswire\", charset=\"UTF-8\"");
            return response;
        }
        return null;
    }

    private static List<String> valuesOf(RestRequest request, String header) {
        List<String> values = request.getAllHeaderValues(header);
        return values == null ? List.of() : values;
    }

    /** An answer in Elasticsearch's form, so that its clients show the type and the reason. */
    private static RestResponse refusal(RestStatus status, String reason) {
        String body = "{\"error\":{\"type\":\"security_exception\",\"reason\":\"%s\"},\"status\":%d}";
        return new RestResponse(status, "application/json", body.formatted(reason, status.getStatus()));
    }
}
