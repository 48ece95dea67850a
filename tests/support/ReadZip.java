import java.io.FileInputStream;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Reads a zip as a stream and prints the CRC, the size and the name of each file. */
class ReadZip {
    public static void main(String[] arguments) throws Exception {
        try (InputStream file = new FileInputStream(arguments[0]);
                ZipInputStream zip = new ZipInputStream(file)) {
            byte[] buffer = new byte[65536];
            ZipEntry entry;
            while ((entry = zip.getNextEntry()) != null) {
                CRC32 crc = new CRC32();
                long size = 0;
                int count;
                while ((count = zip.read(buffer)) != -1) {
                    crc.update(buffer, 0, count);
                    size += count;
                }
                System.out.println(crc.getValue() + " " + size + " " + entry.getName());
            }
        }
    }
}
