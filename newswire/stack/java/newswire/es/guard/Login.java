package newswire.es.guard;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;

/** The one user of the node, by HTTP Basic (RFC 7617). */
final class Login {

    /** The system property that names the file of the password; a command line is open to every user of the machine. */
    static final String FILE_PROPERTY = "newswire.password.file";

    private static final String USER = "newswire";
    private static final String SCHEME = "Basic ";

    private final byte[] expected;

    private Login(String password) {
        expected = (USER + ":" + password).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads the password; without one the node does not start. */
    static Login read() {
        String file = System.getProperty(FILE_PROPERTY);
        if (file == null) {
            throw new IllegalStateException("the system property " + FILE_PROPERTY + " must name the file of the password");
        }
        try {
            String password = Files.readString(Path.of(file)).strip();
            if (password.isEmpty()) {
                throw new IllegalStateException(file + " is empty; remove it and start the stack again");
            }
            return new Login(password);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether an Authorization header has the right user and password; takes as long for a nearly right one as for others. */
    boolean allows(String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        try {
            byte[] given = Base64.getDecoder().decode(authorization.substring(SCHEME.length()).strip());
            return MessageDigest.isEqual(expected, given);
        } catch (IllegalArgumentException e) {
            return false; // not Base64
        }
    }
}
