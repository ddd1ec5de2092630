package newswire.es.guard;

import org.elasticsearch.TransportVersion;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.network.NetworkService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.PageCacheRecycler;
import org.elasticsearch.indices.breaker.CircuitBreakerService;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.TcpChannel;
import org.elasticsearch.transport.netty4.Netty4Transport;
import org.elasticsearch.transport.netty4.SharedGroupFactory;

/**
 * The transport between nodes, of a node that is always alone: it closes every connection at once.
 *
 * <p>The protocol between nodes knows no password; whoever speaks it may do everything.
 */
final class ClosedTransport extends Netty4Transport {

    ClosedTransport(
        Settings settings,
        TransportVersion version,
        ThreadPool threadPool,
        NetworkService network,
        PageCacheRecycler recycler,
        NamedWriteableRegistry registry,
        CircuitBreakerService breakers,
        SharedGroupFactory groups) {
        super(settings, version, threadPool, network, recycler, registry, breakers, groups);
    }

    @Override
    protected void serverAcceptedChannel(TcpChannel channel) {
        channel.close();
    }
}
