package newswire.es.guard;

import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.elasticsearch.TransportVersion;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.network.NetworkService;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.BigArrays;
import org.elasticsearch.common.util.PageCacheRecycler;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.http.HttpPreRequest;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.indices.breaker.CircuitBreakerService;
import org.elasticsearch.telemetry.TelemetryProvider;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.Transport;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.transport.netty4.SharedGroupFactory;
import org.elasticsearch.xcontent.NamedXContentRegistry;

/** Elasticsearch's own network module, with a guard before its HTTP handlers and no way in for other nodes. */
public final class GuardedTransportPlugin extends Netty4Plugin {

    private final Login login = Login.read();

    @Override
    public Map<String, Supplier<HttpServerTransport>> getHttpTransports(
        Settings settings,
        ThreadPool threadPool,
        BigArrays bigArrays,
        PageCacheRecycler recycler,
        CircuitBreakerService breakers,
        NamedXContentRegistry registry,
        NetworkService network,
        HttpServerTransport.Dispatcher dispatcher,
        BiConsumer<HttpPreRequest, ThreadContext> perRequest,
        ClusterSettings clusterSettings,
        TelemetryProvider telemetry) {
        RequestGuard guard = new RequestGuard(dispatcher, login, settings.get("http.port"));
        return super.getHttpTransports(
            settings, threadPool, bigArrays, recycler, breakers, registry, network, guard, perRequest, clusterSettings, telemetry);
    }

    @Override
    public Map<String, Supplier<Transport>> getTransports(
        Settings settings,
        ThreadPool threadPool,
        PageCacheRecycler recycler,
        CircuitBreakerService breakers,
        NamedWriteableRegistry registry,
        NetworkService network) {
        return Map.of(
            NETTY_TRANSPORT_NAME,
            () -> new ClosedTransport(
                settings,
                TransportVersion.current(),
                threadPool,
                network,
                recycler,
                registry,
                breakers,
                new SharedGroupFactory(settings)));
    }
}
