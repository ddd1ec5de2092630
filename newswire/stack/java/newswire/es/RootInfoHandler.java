package newswire.es;

import java.io.IOException;
import java.util.List;
import org.apache.lucene.util.Version;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentBuilder;

/** Answers GET and HEAD of "/", which the distribution leaves to a module that is not published; clients ask it who is there. */
final class RootInfoHandler extends BaseRestHandler {

    private final ClusterService cluster;

    RootInfoHandler(ClusterService cluster) {
        this.cluster = cluster;
    }

    @Override
    public String getName() {
        return "newswire_root_info";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    public boolean canTripCircuitBreaker() {
        return false; // whether the node is there must be answered under memory pressure too
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> channel.sendResponse(new RestResponse(RestStatus.OK, describe(channel.newBuilder())));
    }

    private XContentBuilder describe(XContentBuilder answer) throws IOException {
        answer.startObject();
        answer.field("name", cluster.getNodeName());
        answer.field("cluster_name", cluster.getClusterName().value());
        answer.field("cluster_uuid", cluster.state().metadata().clusterUUID());
        describe(Build.current(), answer.startObject("version")).endObject();
        answer.field("tagline", "You Know, for Search"); // client libraries look for it
        return answer.endObject();
    }

    private static XContentBuilder describe(Build build, XContentBuilder version) throws IOException {
        return version
            .field("number", build.qualifiedVersion())
            .field("build_flavor", build.flavor())
            .field("build_type", build.type().displayName())
            .field("build_hash", build.hash())
            .field("build_date", build.date())
            .field("build_snapshot", build.isSnapshot())
            .field("lucene_version", Version.LATEST.toString())
            .field("minimum_wire_compatibility_version", build.minWireCompatVersion())
            .field("minimum_index_compatibility_version", build.minIndexCompatVersion());
    }
}
