<?php
// An application in plain PHP: answers a text with XML, made of what was posted.
header('Content-Type: text/xml');
$body = htmlspecialchars($_POST['body'], ENT_XML1 | ENT_QUOTES, 'UTF-8');
$from = htmlspecialchars($_POST['from'], ENT_XML1 | ENT_QUOTES, 'UTF-8');
echo '<?xml version="1.0" encoding="utf-8"?>', "\n";
?>
<reply>
  <sms_message><?php echo $body; ?>, said <?php echo $from; ?></sms_message>
</reply>
