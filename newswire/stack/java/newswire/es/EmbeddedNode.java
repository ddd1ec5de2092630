package newswire.es;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Runs one Elasticsearch node: {@code EmbeddedNode HOME CONFIG}.
 *
 * <p>HOME is laid out as in the distribution and only read, so that several nodes can share it; CONFIG is this node's own.
 */
public final class EmbeddedNode {

    private EmbeddedNode() {}

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        Path config = Path.of(args[1]).toAbsolutePath();
        LogConfigurator.configureESLogging();
        Node node = new Node(environment(home, config), plugins(home));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed), "close-node"));
        node.start();
        closed.await();
    }

    private static Environment environment(Path home, Path config) throws Exception {
        Settings.Builder settings = Settings.builder().loadFromPath(config.resolve("elasticsearch.yml"));
        settings.put("path.home", home.toString());
        return new Environment(settings.build(), config);
    }

    private static PluginsLoader plugins(Path home) {
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
            PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false),
            Map.of(),
            false); // on the class path there are no module exports to open
    }

    private static void close(Node node, CountDownLatch closed) {
        try {
            node.prepareForClose();
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        } finally {
            closed.countDown();
        }
    }
}
